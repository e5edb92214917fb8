/** How a value may be compared. Texts ignore case and outer spaces; amounts and
 * numbers are compared exactly, as decimals; dates by the calendar. */
export type Comparison =
  | { readonly op: 'is' | 'isNot' | 'contains' | 'startsWith'; readonly value: string }
  | { readonly op: 'oneOf'; readonly values: readonly string[] }
  | { readonly op: 'above' | 'atLeast' | 'below' | 'atMost'; readonly value: string }
  | { readonly op: 'isSet'; readonly value: boolean };

/** A condition of a flow as it is evaluated; the written form is in the README. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'group' | 'region' | 'country' | 'currency'; readonly names: readonly string[] }
  | { readonly kind: 'tracking'; readonly category: string; readonly options: readonly string[] }
  | { readonly kind: 'amount'; readonly comparison: Comparison }
  | { readonly kind: 'field'; readonly path: string; readonly comparison: Comparison };

/** The parts of the data that a condition is decided on. */
export function rootsOf(condition: Condition): string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.of.flatMap((part) => rootsOf(part));
    case 'not':
      return rootsOf(condition.of);
    case 'field':
      return [condition.path.split('.')[0] ?? ''];
    case 'tracking':
      return ['tracking'];
    case 'currency':
    case 'amount':
      return [];
    default:
      return ['contact'];
  }
}
