import { analyzeSync, ForTag, type Template, toValueSync, TypeGuards } from 'liquidjs';

/** One variable as a template names it. */
export interface VariableUse {
  /** Segments from the root; null where the template computes the name, e.g. `tracking[name]`. */
  readonly path: readonly (string | number | null)[];
  /** Line in the template, from 1. */
  readonly line: number;
  /** Column in the template, from 1. */
  readonly column: number;
  /** Bound by the template itself (assign, capture, the variable of a loop) and not taken from the data. */
  readonly local: boolean;
}

/** A loop: the name of its variable and the list it runs over, when that is a plain path. */
export interface LoopUse {
  readonly variable: string;
  readonly listPath: readonly (string | number | null)[] | null;
}

/** Every variable that the templates read, branches that no sample would enter included. */
export function analyseVariables(templates: Template[]): VariableUse[] {
  const analysis = analyzeSync(templates, { partials: false });
  const globals = new Set(Object.values(analysis.globals).flat());
  return Object.values(analysis.variables)
    .flat()
    .map((use) => ({
      path: use.segments.map((segment) => (typeof segment === 'object' ? null : segment)),
      line: use.location.row,
      column: use.location.col,
      local: !globals.has(use),
    }));
}

/** All loops of the templates, nested ones included. */
export function loopsOf(templates: readonly Template[]): LoopUse[] {
  return templates.flatMap((template) => {
    const inner = template.children ? loopsOf(childrenOf(template)) : [];
    return template instanceof ForTag
      ? [{ variable: template.variable, listPath: listPathOf(template) }, ...inner]
      : inner;
  });
}

function childrenOf(template: Template): Template[] {
  return toValueSync(template.children?.(false, true)) as Template[];
}

function listPathOf(loop: ForTag): LoopUse['listPath'] {
  const list = loop.collection;
  if (!TypeGuards.isPropertyAccessToken(list)) return null;
  return list.props.map((prop) => {
    if (TypeGuards.isWordToken(prop) || TypeGuards.isQuotedToken(prop)) return prop.content;
    return TypeGuards.isNumberToken(prop) ? prop.content : null;
  });
}
