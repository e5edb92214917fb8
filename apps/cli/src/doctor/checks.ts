import type { Call } from '../command.js';
import { CliError } from '../cli-error.js';
import { counted, relative } from '../output/format.js';
import { type Finding } from './finding.js';

/** What one look found, and whether it makes no sense to look on. */
interface Examination {
  readonly findings: readonly Finding[];
  readonly stop?: boolean;
}

type Check = (call: Call) => Promise<Examination>;

const MOST = 5_000;
const MOST_LETTERS = 500;

/** In the order in which they are told. */
export const checks: readonly Check[] = [
  consoleAndServices,
  tokenBroker,
  guarded('connections', connections),
  guarded('parked work', parkedWork),
  guarded('dead letters', deadLetters),
];

async function consoleAndServices({ console }: Call): Promise<Examination> {
  try {
    const { services } = await console.summary();
    const ill = services.filter(({ state }) => state !== 'up');
    return {
      findings: [
        { level: 'good', what: 'The console answers.' },
        ...(services.length === 0
          ? [
              {
                level: 'waiting' as const,
                what: 'The console watches no services.',
                todo: 'Set CONSOLE_SERVICES for the console, so that their health is seen.',
              },
            ]
          : []),
        ...ill.map((service): Finding => serviceFinding(service)),
        ...(services.length > 0 && ill.length === 0
          ? [{ level: 'good' as const, what: `${counted(services.length, 'service')} up.` }]
          : []),
      ],
    };
  } catch (error) {
    return { findings: [failure(error)], stop: true };
  }
}

function serviceFinding({
  name,
  state,
  failing,
}: {
  readonly name: string;
  readonly state: string;
  readonly failing: readonly string[];
}): Finding {
  return state === 'down'
    ? {
        level: 'bad',
        what: `${name} is not ready${failing.length > 0 ? `: ${failing.join(', ')} down` : ''}.`,
        todo: 'See whether what it names answers; the service goes on by itself when it does.',
      }
    : {
        level: 'bad',
        what: `${name} does not answer.`,
        todo: 'See whether its process runs, and the end of its log. Work for it waits in its topics.',
      };
}

async function tokenBroker({ broker, addresses }: Call): Promise<Examination> {
  try {
    addresses.broker();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { findings: [{ level: 'waiting', what: 'Token-broker was not asked.', todo: error.message }] };
  }
  try {
    const alerts = await broker.alerts();
    return {
      findings: [
        { level: 'good', what: 'Token-broker answers.' },
        ...alerts.map(({ vendor, workspaceId, reason, connectionIds }): Finding => ({
          level: 'bad',
          what: `${vendor} of workspace ${workspaceId} has to be authorised again (${reason}): ${connectionIds.join(', ')}.`,
          todo: `ledgerwire connect ${vendor} --workspace ${workspaceId}. Until then its work is parked, not lost.`,
        })),
      ],
    };
  } catch (error) {
    return { findings: [failure(error)] };
  }
}

async function connections({ console }: Call): Promise<readonly Finding[]> {
  const all = await console.connections();
  const paused = all.filter(({ status }) => status === 'paused');
  const ended = all.filter(({ status }) => status === 'needs-reauthorisation');
  const active = all.filter(({ status }) => status === 'active');
  return [
    active.length > 0
      ? { level: 'good', what: `${counted(active.length, 'connection')} active.` }
      : { level: 'waiting', what: 'No connection is active.', todo: 'ledgerwire connect <vendor>' },
    ...ended.map((one): Finding => ({
      level: 'bad',
      what: `${one.displayName} (${one.connectionId}) needs to be authorised again.`,
      todo: `ledgerwire connect ${one.vendor} --workspace ${one.workspaceId}`,
    })),
    ...active
      .filter(({ refreshFailing }) => refreshFailing)
      .map((one): Finding => ({
        level: 'waiting',
        what: `The token of ${one.displayName} (${one.connectionId}) cannot be refreshed: ${one.refreshFailing?.detail ?? 'no reason is known'}.`,
        todo: 'token-broker goes on trying; its log has each try.',
      })),
    ...paused.map((one): Finding => ({
      level: 'waiting',
      what: `${one.displayName} (${one.connectionId}) is paused by an operator.`,
      todo: 'Its work waits until it is set to active again.',
    })),
  ];
}

async function parkedWork({ console, surroundings }: Call): Promise<readonly Finding[]> {
  const { total, parked } = await console.parked({}, MOST);
  if (total === 0) return [{ level: 'good', what: 'Nothing is parked.' }];
  const groups = Map.groupBy(parked, ({ service, reason }) => `${service}: ${reason}`);
  return [...groups].map(([name, works]) => {
    const next = Math.min(...works.map(({ nextTryAt }) => nextTryAt));
    const [first] = works;
    const narrowed = `--service ${first?.service ?? ''} --parked-for ${first?.reason ?? ''}`;
    return {
      level: 'waiting',
      what: `${counted(works.length, 'record')} parked, ${name}; next try ${relative(next, surroundings.clock.now())}.`,
      todo: `It is tried by itself. To try now: ledgerwire parked retry ${narrowed} --reason …`,
    };
  });
}

async function deadLetters({ console }: Call): Promise<readonly Finding[]> {
  const open = await console.deadLetters({ status: 'open' }, MOST_LETTERS);
  if (open.length === 0) return [{ level: 'good', what: 'No dead letter is open.' }];
  const groups = Map.groupBy(open, ({ service, errorCode }) => `${service}: ${errorCode}`);
  return [...groups].map(([name, letters]) => {
    const [first] = letters;
    const narrowed = `--service ${first?.service ?? ''} --error ${first?.errorCode ?? ''}`;
    return {
      level: 'bad',
      what: `${counted(letters.length, 'dead letter')} open, ${name}.`,
      todo: `ledgerwire dead-letters list ${narrowed}; after the fix: ledgerwire dead-letters requeue ${narrowed} --reason …`,
    };
  });
}

/** A part that cannot be looked at is a finding too, and no end of the look. */
function guarded(part: string, look: (call: Call) => Promise<readonly Finding[]>): Check {
  return async (call) => {
    try {
      return { findings: await look(call) };
    } catch (error) {
      const found = failure(error);
      return { findings: [{ ...found, what: `Of ${part} nothing is known: ${found.what}` }] };
    }
  };
}

function failure(error: unknown): Finding {
  if (error instanceof CliError) return { level: 'bad', what: error.message };
  throw error;
}
