/** One thing that a doctor's look found. */
export interface Finding {
  /** good: as it should be; waiting: will or can be put right without loss; bad: somebody must act. */
  readonly level: 'good' | 'waiting' | 'bad';
  readonly what: string;
  /** What to do; undefined when nothing. */
  readonly todo?: string;
}

const SIGNS: Readonly<Record<Finding['level'], string>> = { good: '✓', waiting: '!', bad: '✗' };

/** Findings below each other, each with what to do. */
export function describeFindings(findings: readonly Finding[]): string {
  return findings
    .flatMap(({ level, what, todo }) => [
      `${SIGNS[level]} ${what}`,
      ...(todo === undefined ? [] : [`    ${todo}`]),
    ])
    .join('\n');
}
