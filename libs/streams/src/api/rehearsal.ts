import { type Outcome, type StoreDefinition, topics } from '#libs/contracts';
import { digestOf, LedgerwireError } from '#libs/core';
import type { StoreView, TaskContext } from './context.js';

/**
 * Runs a handler without consequences and tells what it would have done (DESIGN section 5, replay): its outcomes go to the
 * trail as outcomes of step `replay` with the status `would-…`; its outputs, state changes and timers go nowhere. The handler
 * must be one without effects outside: {@link TaskContext.commit}, which comes before an effect, is refused.
 * @param replayId the dry run, which its outcomes name
 */
export async function rehearse(
  context: TaskContext,
  replayId: string,
  handle: (rehearsal: TaskContext) => Promise<void>,
): Promise<void> {
  const told: Outcome[] = [];
  await handle(rehearsalContext(context, (outcome) => told.push(outcome)));
  for (const outcome of told) {
    const rehearsed: Outcome = {
      ...outcome,
      outcomeId: digestOf('rehearsed', replayId, outcome.outcomeId),
      step: 'replay',
      status: `would-${outcome.status}`,
      replayId,
    };
    context.emit(topics.outcomes, rehearsed.workspaceId, rehearsed);
  }
}

function rehearsalContext(context: TaskContext, tell: (outcome: Outcome) => void): TaskContext {
  const overlays = new Map<string, Map<string, unknown>>();
  return {
    service: context.service,
    partition: context.partition,
    signal: context.signal,
    now: () => context.now(),
    owns: (key) => context.owns(key),
    store: (definition) => overlaid(context.store(definition), overlayOf(overlays, definition)),
    emit: (topic, _key, value) => {
      if (topic.name === topics.outcomes.name) tell(value as Outcome);
    },
    setTimer: () => undefined,
    cancelTimer: () => undefined,
    publish: () => undefined,
    commit: () =>
      Promise.reject(
        new LedgerwireError('a dry run must not reach an effect outside', {
          code: 'effect-in-rehearsal',
          disposition: 'dead-letter',
        }),
      ),
  };
}

function overlayOf<T>(
  overlays: Map<string, Map<string, unknown>>,
  { name }: StoreDefinition<T>,
): Map<string, T | undefined> {
  let overlay = overlays.get(name);
  if (!overlay) {
    overlay = new Map();
    overlays.set(name, overlay);
  }
  return overlay as Map<string, T | undefined>;
}

/** The handler sees its own changes; nobody else does. */
function overlaid<T>(store: StoreView<T>, overlay: Map<string, T | undefined>): StoreView<T> {
  return {
    get: (key) => (overlay.has(key) ? overlay.get(key) : store.get(key)),
    put: (key, value) => void overlay.set(key, value),
    delete: (key) => void overlay.set(key, undefined),
    range: (prefix) => store.range(prefix),
  };
}
