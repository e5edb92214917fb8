import {
  type OperatorRequest,
  type ParkedWork,
  parkedWorkSchema,
  runtimeStores,
  topics,
} from '#libs/contracts';
import type { BlockedGroups } from './blocked-groups.js';
import type { FailureHandling } from './failure-handling.js';
import type { ParkingLot } from './parking-lot.js';
import { rawOf } from './record-decoding.js';
import type { TaskRuntime } from './task-runtime.js';
import type { InputHandler } from './topology.js';
import { UnitOfWork } from './unit-of-work.js';

/** What operator requests act upon. */
export interface OperatorRequestPorts {
  readonly parking: ParkingLot;
  readonly failures: FailureHandling;
  readonly blocked: BlockedGroups;
  handlerOf(topic: string): InputHandler | undefined;
}

/** So many parked records change in one transaction. */
const PORTION = 200;

/** Every task takes the requests of its own partition, after each other, beside its other inputs. */
export function operatorInput(handle: (request: OperatorRequest) => Promise<void>): InputHandler {
  return {
    topic: topics.operatorRequests,
    laneOf: () => 'operator-requests',
    about: undefined,
    maxBatch: 1,
    maxInFlightPerKey: undefined,
    pauseMs: 0,
    together: false,
    invoke: async (input) => {
      if ('value' in input) await handle(input.value as OperatorRequest);
    },
  };
}

/**
 * Does what an operator asks of a task's parked work. Work that has been woken already is left alone; doing a request twice
 * does no harm.
 */
export async function handleOperatorRequest(
  request: OperatorRequest,
  runtime: TaskRuntime,
  ports: OperatorRequestPorts,
): Promise<void> {
  if (request.service !== runtime.service) return;
  if (request.action === 'retry-now') ports.blocked.clear();
  const keys = request.parkedKeys.length > 0 ? request.parkedKeys : [...ports.parking.keys()];
  for (let from = 0; from < keys.length; from += PORTION) {
    for (const storeKey of keys.slice(from, from + PORTION)) {
      const work = parkedWork(storeKey, runtime, ports.parking);
      if (!work || !fits(work, request)) continue;
      if (request.action === 'give-up') {
        ports.failures.giveUpParked(storeKey, ports.handlerOf(work.topic), rawOf(work), work);
      } else wakeNow(storeKey, work, runtime);
    }
    await runtime.committer.flush();
  }
}

/** Undefined when it is not parked, or is being tried at this moment. */
function parkedWork(storeKey: string, runtime: TaskRuntime, parking: ParkingLot): ParkedWork | undefined {
  const bytes = parking.has(storeKey) ? runtime.storeOf(runtimeStores.parked.name).get(storeKey) : undefined;
  return bytes && runtime.codec.decode(parkedWorkSchema, bytes);
}

function fits(work: ParkedWork, { connectionId, parkedReason }: OperatorRequest): boolean {
  if (connectionId !== null && work.key?.toString() !== connectionId) return false;
  return parkedReason === null || work.reason === parkedReason;
}

function wakeNow(storeKey: string, work: ParkedWork, runtime: TaskRuntime): void {
  const unit = new UnitOfWork(runtime, {});
  unit.store(runtimeStores.parked).put(storeKey, { ...work, wakeAt: runtime.clock.now() });
  unit.flush([]);
}
