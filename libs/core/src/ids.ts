import { createHash, hash, randomUUID } from 'node:crypto';

/** RFC 9562 namespace of every Ledgerwire command id; itself a version 5 UUID of "ledgerwire.commands" under the DNS namespace. */
const COMMAND_NAMESPACE = uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', ['ledgerwire.commands']);

/**
 * A name-based UUID (RFC 9562 section 5.5, SHA-1): the same parts always give the same id.
 * Parts are joined with their lengths, so that ("ab", "c") and ("a", "bc") differ.
 */
export function uuidV5(namespace: string, parts: readonly string[]): string {
  const hash = createHash('sha1').update(Buffer.from(namespace.replaceAll('-', ''), 'hex'));
  hash.update(parts.length === 1 ? (parts[0] ?? '') : joinUnambiguously(parts));
  const bytes = hash.digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return formatUuid(bytes.toString('hex'));
}

/** What makes one intended effect the same effect however often it is derived (DESIGN section 6). */
export interface CommandIdentity {
  readonly flowId: string;
  readonly flowStep: string;
  /** The business event, e.g. `invoice 42 issued` – never the bare webhook. */
  readonly businessEvent: string;
  /** The recipient or target document. */
  readonly target: string;
}

/** The deterministic id of a command: 36 characters, so that it fits QuickBooks' `requestid` even in a batch. */
export function commandIdOf(identity: CommandIdentity): string {
  return uuidV5(COMMAND_NAMESPACE, [
    identity.flowId,
    identity.flowStep,
    identity.businessEvent,
    identity.target,
  ]);
}

/** A short, stable digest of its parts: 40 hexadecimal digits of SHA-256. Used for notice, record and outcome ids. */
export function digestOf(...parts: readonly string[]): string {
  // In one call: a third of the time that a hash object takes, and every record has several of these.
  return hash('sha256', joinUnambiguously(parts), 'hex').slice(0, 40);
}

/** A fresh random id, for things that have no natural identity (a service instance, an operator's request). */
export function randomId(): string {
  return randomUUID();
}

function joinUnambiguously(parts: readonly string[]): string {
  let joined = '';
  for (const part of parts) joined += `${Buffer.byteLength(part)}:${part}`;
  return joined;
}

function formatUuid(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
