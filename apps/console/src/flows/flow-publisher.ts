import type { OnApplicationBootstrap } from '@nestjs/common';
import type { ServiceContext } from '#libs/platform';
import type { FlowBook } from './flow-book.js';

const EVERY_MS = 30_000;

/**
 * Looks now and then whether services have every flow in its version in force, and publishes what they lack: what was applied
 * while the log was away, or just before console was killed.
 */
export class FlowPublisher implements OnApplicationBootstrap {
  private cancel = (): void => undefined;
  private stopped = false;

  constructor(
    private readonly book: Pick<FlowBook, 'publishMissing'>,
    private readonly context: Pick<ServiceContext<unknown>, 'clock' | 'logger' | 'lifecycle'>,
  ) {
    context.lifecycle.onShutdown('stop-intake', 'flow-publisher', () => {
      this.stopped = true;
      this.cancel();
    });
  }

  onApplicationBootstrap(): void {
    this.schedule();
  }

  private schedule(): void {
    if (this.stopped) return;
    this.cancel = this.context.clock.after(EVERY_MS, () => {
      void this.publish().finally(() => this.schedule());
    });
  }

  private async publish(): Promise<void> {
    try {
      const count = await this.book.publishMissing();
      if (count > 0) this.context.logger.info({ event: 'flow.published-late', count });
    } catch (error) {
      this.context.logger.warn({ event: 'flow.publish-failed', error });
    }
  }
}
