import { z } from 'zod';

/** A workspace's id as it may stand in URLs, topics and logs. */
export const workspaceIdInput = z
  .string({ error: 'is needed' })
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, { error: 'must be 1 to 64 letters, digits, - or _' });

const texts = z.record(z.string(), z.string(), { error: 'must be an object of texts' });

const timeZone = z.string().refine(isTimeZone, { error: 'must be an IANA zone, e.g. Pacific/Auckland' });

/** Body of `POST /connections`. */
export const keyConnectionInput = z.strictObject({
  vendor: z.string({ error: 'is needed' }).min(1),
  workspaceId: workspaceIdInput,
  credentials: texts,
  settings: texts.default({}),
});

/** Body of `PATCH /connections/:id`. `settings` replaces all of them. */
export const connectionUpdateInput = z.strictObject({
  displayName: z.string().trim().min(1).max(200).optional(),
  status: z.enum(['active', 'paused'], { error: 'must be active or paused' }).optional(),
  timeZone: timeZone.optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, { error: 'must be ISO 3166 alpha-2, e.g. NZ' })
    .nullable()
    .optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, { error: 'must be ISO 4217, e.g. NZD' })
    .nullable()
    .optional(),
  settings: texts.optional(),
});

/** Query of `GET /connections` and `GET /alerts`. */
export const workspaceQuery = z.object({ workspaceId: workspaceIdInput.optional() });

/** Query of `DELETE /connections/:id`. */
export const disconnectQuery = z.object({
  force: z.stringbool({ error: 'must be true or false' }).default(false),
});

/** Body of `POST /connect-links`. */
export const connectLinkInput = z.strictObject({
  vendor: z.string({ error: 'is needed' }).min(1),
  workspaceId: workspaceIdInput,
  mayWrite: z.boolean().default(false),
  lifetimeMinutes: z.int().min(1).max(43_200).default(1_440),
});

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
