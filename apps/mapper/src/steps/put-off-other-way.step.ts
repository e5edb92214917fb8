import { type FailedMessage, mapperStores } from '#libs/contracts';
import type { TaskContext } from '#libs/streams';
import { failedKey, failedLane } from '../keys.js';
import { timerNames } from '../timers.js';

/** What goes out instead of a failed message is looked at again at the given instant; what left by then is not sent twice. */
export function putOffOtherWay(failed: FailedMessage, until: number, context: TaskContext): void {
  context.store(mapperStores.failed).put(failedKey(failed), failed);
  setFailedTimer(context, failed, until, 0);
}

/** The next question about a failed message, the `tries`-th after the first. */
export function setFailedTimer(
  context: TaskContext,
  failed: FailedMessage,
  fireAt: number,
  tries: number,
): void {
  const key = failedKey(failed);
  context.setTimer({
    name: timerNames.otherWay,
    key,
    fireAt: Math.round(fireAt),
    lane: failedLane(failed),
    payload: { key, tries },
  });
}
