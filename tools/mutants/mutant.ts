/** One text that a mutant takes out of a source file. */
export interface Edit {
  /** Path from the root of the checkout. */
  readonly file: string;
  /** Occurs exactly once in the file; a spec holds the list to that on every `npm test`. */
  readonly find: string;
  readonly replace: string;
}

/** The suites that can run against a mutated checkout. */
export type Suite = 'once' | 'faults' | 'simulation';

/** The product without one of its mechanisms. A suite that stays green with it does not test the mechanism. */
export interface Mutant {
  /** Words with hyphens, e.g. `sender-intent`. */
  readonly name: string;
  /** The mechanism, in words for people. */
  readonly removes: string;
  /** All are made together: a promise that two layers keep is only broken when both are gone. */
  readonly edits: readonly Edit[];
  /** The suites that must turn red. */
  readonly caughtBy: readonly Suite[];
  /** Why other suites stay green, or why more than one place is changed. */
  readonly note?: string;
}

/**
 * Makes the edits that a mutant has for one file in its text.
 *
 * @throws Error when a text does not occur exactly once: the source has moved on, the mutant must follow.
 */
export function mutateText(mutant: Mutant, file: string, text: string): string {
  return mutant.edits
    .filter((edit) => edit.file === file)
    .reduce((before, { find, replace }) => {
      const parts = before.split(find);
      if (parts.length === 2) return parts.join(replace);
      throw new Error(
        `mutant ${mutant.name}: its text occurs ${parts.length - 1} times in ${file}, not once; bring tools/mutants/mutants.ts up to date`,
      );
    }, text);
}

/** The files that a mutant changes. */
export function filesOf({ edits }: Mutant): string[] {
  return [...new Set(edits.map(({ file }) => file))];
}
