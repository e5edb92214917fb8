import type { Clock } from '#libs/core';
import type { GrantStore } from '#libs/persistence';

/** Keeps one lease from running out while its holder waits for a vendor. */
export class LeaseKeeper {
  private cancelNext: () => void = () => undefined;
  private stopped = false;
  private renewing: Promise<void> = Promise.resolve();

  constructor(
    private readonly grants: GrantStore,
    private readonly clock: Clock,
    private readonly lease: { readonly grantId: string; readonly owner: string; readonly leaseMs: number },
  ) {
    this.scheduleNext();
  }

  /** Ends renewing and gives the lease back. Never throws: a lease that cannot be given back runs out. */
  async release(): Promise<void> {
    this.stopped = true;
    this.cancelNext();
    await this.renewing;
    const { grantId, owner } = this.lease;
    await this.grants.releaseLease(grantId, owner).catch(() => undefined);
  }

  private scheduleNext(): void {
    this.cancelNext = this.clock.after(this.lease.leaseMs / 3, () => {
      this.renewing = this.renew();
    });
  }

  private async renew(): Promise<void> {
    const { grantId, owner, leaseMs } = this.lease;
    // Whether it is still ours is decided when tokens are stored; a database that is away may be back for the next renewal.
    const held = await this.grants.renewLease(grantId, owner, leaseMs).catch(() => true);
    if (held && !this.stopped) this.scheduleNext();
  }
}
