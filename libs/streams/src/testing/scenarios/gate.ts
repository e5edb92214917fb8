/** A gate that handlers wait at until a scenario opens it. */
export class Gate {
  /** Resolves when the gate is open. */
  readonly passed: Promise<void>;
  private release = (): void => undefined;

  constructor() {
    this.passed = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  open(): void {
    this.release();
  }
}
