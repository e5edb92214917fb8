import { sleep } from '#libs/core';
import type { Arguments } from '../arguments.js';
import type { Call, Command } from '../command.js';
import { CliError } from '../cli-error.js';
import { ApiRefusal } from '../http/api-client.js';
import { type OutcomeAnswer, outcomeAnswer } from '../http/console-answers.js';
import { readEvents, type StreamEvent, type StreamPosition } from '../http/event-stream.js';
import { timeOfDay } from '../output/format.js';
import { oneLine } from '../output/table.js';

const MOST_WAIT_MS = 30_000;

/** What happens, as it happens. */
export const tailCommand: Command = {
  name: 'tail',
  summary: 'What happens, as it happens, until Ctrl-C',
  options: {
    status: { value: 'STATUS', about: 'only these, e.g. sent, skipped, parked, failed', multiple: true },
    step: { value: 'STEP', about: 'only these, e.g. accept, fetch, map, send, deliver', multiple: true },
    flow: { value: 'ID', about: 'only what this flow made', multiple: true },
    connection: { value: 'ID', about: 'only of this connection', multiple: true },
    count: { value: 'N', about: 'end after so many' },
  },
  notes:
    'A lost connection is made again, and what came meanwhile is shown then (up to 1,000). With --json each line is one outcome as JSON.',
  async run(call) {
    const most = call.args.wholeNumber('count', 1, 1_000_000);
    const wanted = filterOf(call.args);
    let shown = 0;
    for await (const outcome of follow(call)) {
      if (!wanted(outcome)) continue;
      call.surroundings.out(`${call.args.flag('json') ? JSON.stringify(outcome) : lineOf(outcome)}\n`);
      shown += 1;
      if (shown === most) return;
    }
  },
};

/** Outcomes without end; connects again whenever the stream ends. Ends when the operator has enough. */
async function* follow(call: Call): AsyncGenerator<OutcomeAnswer> {
  const { clock, signal } = call.surroundings;
  const position: StreamPosition = { lastEventId: undefined, retryMs: 2_000 };
  const { console } = call;
  for (let failures = 0, hasBegun = false; ;) {
    try {
      const { body } = await console.events(position.lastEventId);
      if (failures > 0) call.tell('The live feed is back.');
      [failures, hasBegun] = [0, true];
      for await (const event of readEvents(body ?? emptyBody(), position)) {
        const outcome = outcomeOf(event);
        if (outcome) yield outcome;
      }
    } catch (error) {
      if (signal.aborted) return;
      // What was wrong from the start is told; a token that is refused will not be taken later either.
      if (!hasBegun || (error instanceof ApiRefusal && error.status < 500)) throw error;
      if (failures === 0) call.tell(`The live feed was lost and is tried again: ${reasonOf(error)}`);
      failures += 1;
    }
    const waitMs = Math.min(position.retryMs * 2 ** Math.max(0, failures - 1), MOST_WAIT_MS);
    const isOver = await sleep(clock, waitMs, signal).then(
      () => false,
      () => true,
    );
    if (isOver) return;
  }
}

function outcomeOf({ name, data }: StreamEvent): OutcomeAnswer | undefined {
  if (name !== 'outcome') return undefined;
  const parsed = outcomeAnswer.safeParse(JSON.parse(data));
  if (parsed.success) return parsed.data;
  throw new CliError(
    'The console sends events in a form that this version does not know; use its own version.',
  );
}

function filterOf(args: Arguments): (outcome: OutcomeAnswer) => boolean {
  const fits = (option: string, value: string | null): boolean => {
    const wanted = args.texts(option);
    return wanted.length === 0 || (value !== null && wanted.includes(value));
  };
  return (outcome) =>
    fits('status', outcome.status) &&
    fits('step', outcome.step) &&
    fits('flow', outcome.flowId) &&
    fits('connection', outcome.connectionId);
}

function lineOf(outcome: OutcomeAnswer): string {
  const entity = [outcome.entityType, outcome.entityNumber].filter(Boolean).join(' ');
  const words = [
    timeOfDay(outcome.at),
    `${outcome.step}/${outcome.status}`.padEnd(18),
    entity,
    outcome.flowId,
    outcome.sentence,
  ];
  return oneLine(words.filter((word) => word !== null && word !== '').join('  '));
}

function reasonOf(error: unknown): string {
  return error instanceof CliError ? error.message : 'the connection broke.';
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}
