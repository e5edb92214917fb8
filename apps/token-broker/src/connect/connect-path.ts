import { z } from 'zod';
import { workspaceIdInput } from '../connections/connection-input.js';
import type { ConnectLink } from './connect-links.js';

/** Query of the connect pages. Expiry and signature are missing in links that nobody signed. */
export const connectQuery = z.object({
  workspaceId: workspaceIdInput,
  write: z
    .literal('1')
    .optional()
    .transform((flag) => flag !== undefined),
  expires: z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number)
    .optional(),
  signature: z.string().max(200).optional(),
});

export type ConnectQuery = z.output<typeof connectQuery>;

/** The path of the page that a link opens. */
export function connectPath(link: ConnectLink): string {
  const { workspaceId, mayWrite, expiresAt, signature } = link;
  return pathTo(link.vendor, '', { workspaceId, write: mayWrite, expires: expiresAt, signature });
}

/** The path by which that page goes on to the vendor, with the same link. */
export function authorisePath(vendor: string, query: ConnectQuery): string {
  return pathTo(vendor, '/authorise', query);
}

function pathTo(
  vendor: string,
  step: string,
  { workspaceId, write, expires, signature }: ConnectQuery,
): string {
  const query = new URLSearchParams({ workspaceId });
  if (write) query.set('write', '1');
  if (expires !== undefined) query.set('expires', String(expires));
  if (signature !== undefined) query.set('signature', signature);
  return `/connect/${encodeURIComponent(vendor)}${step}?${query.toString()}`;
}
