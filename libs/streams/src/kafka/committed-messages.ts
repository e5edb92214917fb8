import type { FetchedMessage, FetchedPartition } from './kafkajs-internals.js';

/** Where the type stands in the key of a control record, after its version; and the type of an abort (KIP-98). */
const CONTROL_TYPE_AT = 2;
const ABORT = 0;

/**
 * What a fetch brought from `offset` on that is committed: without the records of aborted transactions and without control records.
 * As Kafka's own consumer tells them apart (KIP-98): a producer's records are aborted from the first offset of one of its aborted
 * transactions up to its next abort marker.
 *
 * In place of kafkajs's filter, which takes the aborted transactions in the order in which the broker lists them (that of their ends)
 * and at most one a message: of two that overlap, records of one came through as if they were committed.
 */
export function committedIn(
  { messages, abortedTransactions = [] }: FetchedPartition,
  offset: number,
): FetchedMessage[] {
  const ahead = abortedTransactions.toSorted((a, b) => Number(a.firstOffset) - Number(b.firstOffset));
  const aborting = new Set<string>();
  return messages.filter((message) => {
    const at = Number(message.offset);
    for (let next = ahead[0]; next && Number(next.firstOffset) <= at; next = ahead[0]) {
      aborting.add(next.producerId);
      ahead.shift();
    }
    const { producerId = '', inTransaction = false } = message.batchContext ?? {};
    if (message.isControlRecord === true) {
      if (isAbort(message)) aborting.delete(producerId);
      return false;
    }
    return at >= offset && !(inTransaction && aborting.has(producerId));
  });
}

function isAbort({ key }: FetchedMessage): boolean {
  return key !== null && key.length >= CONTROL_TYPE_AT + 2 && key.readInt16BE(CONTROL_TYPE_AT) === ABORT;
}
