import { type Clock, LedgerwireError, sleep } from '#libs/core';
import type { Codec } from '../codec/codec.js';
import type { TaskEvents } from './task-events.js';

const REGISTRY_RETRY_MS = 1_000;

/**
 * Makes the codec know the schema that the bytes were written with, waiting for the registry as long as it takes.
 * @throws LedgerwireError (dead-letter) when the registry knows no such schema; the signal's reason when it is aborted.
 */
export async function learnSchema(
  bytes: Buffer,
  ports: {
    readonly codec: Codec;
    readonly clock: Clock;
    readonly events: TaskEvents;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  while (!ports.codec.knows(bytes)) {
    try {
      await ports.codec.learn(bytes);
    } catch (error) {
      if (!(error instanceof LedgerwireError) || error.code !== 'registry-unreachable') throw error;
      ports.events.waitingForRegistry(error);
      await sleep(ports.clock, REGISTRY_RETRY_MS, ports.signal);
    }
  }
}
