import type { DerivedCommand, MessageCommand } from '#libs/contracts';
import { digestOf } from '#libs/core';

/** By this a dry run sees whether a command would be another one now: what is said, and by whom. */
export function contentHashOf({ subject, body, html, sender, to }: MessageCommand): string {
  return digestOf(subject ?? '', body, html ?? '', JSON.stringify(sender), to);
}

/** What has become of a command that was derived before. */
export function verdictOnDerived(
  { contentHash }: DerivedCommand,
  command: MessageCommand,
): 'duplicate' | 'different' {
  return contentHash === null || contentHash === contentHashOf(command) ? 'duplicate' : 'different';
}
