import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type Clock, systemClock } from '#libs/core';
import type { Logger } from '#libs/platform';
import type { VendorDouble } from './kit/vendor-double.js';
import { VENDOR_DOUBLES } from './vendors/index.js';

/** Where webhooks go by themselves. */
export interface IngressOfferOptions {
  readonly ingressUrl: string | undefined;
  readonly logger: Logger;
}

/** Injection token of {@link IngressOfferOptions}. */
export const INGRESS_OFFER = Symbol('ingress offer');

const TRY_EVERY_MS = 500;

/**
 * What a developer does in a vendor's portal once ingress runs: enters its URL and lets the vendor check it. Tries until
 * ingress, which starts later than the sandbox, passes. Without INGRESS_URL nothing is entered.
 */
@Injectable()
export class IngressOffer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly real: Clock = systemClock;
  private cancel: (() => void) | undefined;

  constructor(
    @Inject(INGRESS_OFFER) private readonly options: IngressOfferOptions,
    @Inject(VENDOR_DOUBLES) private readonly doubles: readonly VendorDouble[],
  ) {}

  onApplicationBootstrap(): void {
    this.start();
  }

  /** Offers ingress to every double, e.g. again after they were reset. */
  start(): void {
    this.cancel?.();
    this.again(this.doubles);
  }

  onModuleDestroy(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private again(doubles: readonly VendorDouble[]): void {
    const { ingressUrl } = this.options;
    if (ingressUrl === undefined || doubles.length === 0) return;
    this.cancel = this.real.after(TRY_EVERY_MS, () => void this.offer(doubles, ingressUrl));
  }

  private async offer(doubles: readonly VendorDouble[], ingressUrl: string): Promise<void> {
    const isUp = await isLive(ingressUrl);
    const waiting: VendorDouble[] = isUp ? [] : [...doubles];
    for (const double of isUp ? doubles : []) {
      if (double.offerIngress && !(await double.offerIngress(ingressUrl))) waiting.push(double);
      else if (double.offerIngress)
        this.options.logger.info({ event: 'webhooks.connected', vendor: double.vendor });
    }
    // Not stopped meanwhile.
    if (this.cancel) this.again(waiting);
  }
}

/** A handshake with a service that is not up yet would only fill the log of deliveries. */
async function isLive(ingressUrl: string): Promise<boolean> {
  try {
    return (await fetch(`${ingressUrl}/health/live`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
