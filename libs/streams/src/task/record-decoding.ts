import type { ParkedWork } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { Codec } from '../codec/codec.js';
import type { RawHeader, RawRecord } from '../log/raw-record.js';
import { groupOf } from './parking-lot.js';
import type { InputHandler } from './topology.js';
import type { RecordItem } from './work-item.js';

/**
 * Makes work of a record.
 * @throws LedgerwireError (dead-letter) when it has no value, or bytes that cannot be read.
 */
export function decodeRecord(codec: Codec, handler: InputHandler, raw: RawRecord, attempt = 1): RecordItem {
  if (!raw.value) {
    throw new LedgerwireError('the record has no value', { code: 'null-value', disposition: 'dead-letter' });
  }
  const input = {
    value: codec.decode(handler.topic.schema, raw.value),
    key: raw.key?.toString() ?? '',
    headers: toTextHeaders(raw.headers),
    topic: raw.topic,
    partition: raw.partition,
    offset: raw.offset,
    timestamp: raw.timestamp,
    attempt,
  };
  return {
    kind: 'record',
    handler,
    raw,
    input,
    lane: handler.laneOf(input),
    group: groupOf(raw.topic, input.key),
    groupLimit: handler.maxInFlightPerKey,
    maxBatch: handler.maxBatch,
    parked: undefined,
  };
}

/** The input record of parked work. */
export function rawOf(work: ParkedWork): RawRecord {
  return { ...work, headers: work.headers.map(({ key, value }) => [key, value] as const) };
}

/** Headers as text; of several with one name the last counts. */
export function toTextHeaders(headers: readonly RawHeader[]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name, value.toString()]));
}
