import { z } from 'zod';
import { type Random, seededRandom } from '#libs/core';

/** How badly a vendor's webhooks behave: the fields of `POST /__sandbox/webhooks` that every double knows. */
export const habitsSchema = z.strictObject({
  delayMs: z.int().min(0).describe('Sandbox milliseconds between a change and its webhook'),
  jitterMs: z.int().min(0).describe('Up to so much more, so that webhooks overtake each other'),
  duplicates: z.int().min(0).max(50).describe('So many extra copies of each'),
  duplicateFraction: z.number().min(0).max(1).describe('The fraction of webhooks that gets the extra copies'),
  dropFraction: z.number().min(0).max(1).describe('The fraction that is never sent'),
  seed: z.int().min(0).describe('Of the choices above'),
});

/** See {@link habitsSchema}. */
export type HabitSettings = z.output<typeof habitsSchema>;

/** What to do with one webhook: no times means that it is never sent. */
export interface HabitDecision {
  /** Sandbox milliseconds after which each copy leaves. */
  readonly delaysMs: readonly number[];
}

/** A vendor on a good day. */
export const goodHabits: HabitSettings = {
  delayMs: 0,
  jitterMs: 0,
  duplicates: 0,
  duplicateFraction: 1,
  dropFraction: 0,
  seed: 1,
};

/** Decides webhook by webhook, reproducibly from the seed. */
export class WebhookHabits {
  private random: Random;

  constructor(private settings: HabitSettings = goodHabits) {
    this.random = seededRandom(settings.seed);
  }

  get current(): HabitSettings {
    return this.settings;
  }

  change(settings: Partial<HabitSettings>): void {
    this.settings = { ...this.settings, ...settings };
    this.random = seededRandom(this.settings.seed);
  }

  decide(): HabitDecision {
    const { dropFraction, duplicates, duplicateFraction } = this.settings;
    if (dropFraction > 0 && this.random() < dropFraction) return { delaysMs: [] };
    const copies =
      duplicates > 0 && (duplicateFraction === 1 || this.random() < duplicateFraction) ? 1 + duplicates : 1;
    return { delaysMs: Array.from({ length: copies }, () => this.delay()) };
  }

  private delay(): number {
    const { delayMs, jitterMs } = this.settings;
    return jitterMs > 0 ? delayMs + this.random() * jitterMs : delayMs;
  }
}
