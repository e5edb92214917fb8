/**
 * Places around a vendor call where a simulation or fault test may crash, delay or fail the process (FoundationDB's
 * "buggify"). Names: `vendor.before-credentials`, `vendor.before-send`, `vendor.after-answer`.
 */
export interface FaultPoints {
  hit(name: string): Promise<void>;
}

/** For production: nothing happens at any point. */
export const noFaultPoints: FaultPoints = { hit: () => Promise.resolve() };
