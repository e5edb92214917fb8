import { z } from 'zod';
import type { EntityTypePlan } from './contract.js';

/** A whole number in a settings text. */
export const wholeNumberText = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, 'must be a whole number above 0')
  .transform(Number);

/** Settings that every source has; spread them into the vendor's schema. */
export const sourceSettings = {
  /** Replaces the pause between polls of every entity type. */
  pollIntervalSeconds: wholeNumberText.optional(),
};

/** The pause between two polls of an entity type on this connection, in milliseconds; null = it is not polled. */
export function pollIntervalMsOf(
  plan: EntityTypePlan,
  settings: Readonly<Record<string, string>>,
): number | null {
  if (plan.pollIntervalMs === null) return null;
  const wanted = sourceSettings.pollIntervalSeconds.safeParse(settings['pollIntervalSeconds']);
  return wanted.success && wanted.data !== undefined ? wanted.data * 1000 : plan.pollIntervalMs;
}
