/** One piece of work that takes a while and that the person at the keyboard may watch. */
export interface ProgressStep {
  /** Says what is going on right now; replaces the detail said before. */
  detail(text: string): void;
  done(text?: string): void;
  failed(text?: string): void;
}

/** Where commands report what they are doing. Steps may run side by side. */
export interface Progress {
  begin(label: string): ProgressStep;
}

/** Says nothing: for tests and for callers that print their own. */
export const silentProgress: Progress = {
  begin: () => ({ detail: () => {}, done: () => {}, failed: () => {} }),
};

/** Runs `work` as one step: done when it resolves, failed when it throws (and throws on). */
export async function withStep<T>(
  progress: Progress,
  label: string,
  work: (step: ProgressStep) => Promise<T>,
): Promise<T> {
  const step = progress.begin(label);
  try {
    const result = await work(step);
    step.done();
    return result;
  } catch (error) {
    step.failed();
    throw error;
  }
}
