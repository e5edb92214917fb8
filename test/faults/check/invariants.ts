import type { TruthLine } from '../world/sandbox.ts';
import type { Evidence, TrailLine } from './evidence.ts';

/** How the commands ended that were uncertain for a while. */
export type UncertainEnds = Readonly<Record<string, number>>;

/** What the invariants say of a stretch of time. A failure is a sentence for people; no failure means that it holds. */
export interface Verdict {
  readonly effects: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly uncertain: number;
  readonly uncertainEnds: UncertainEnds;
  readonly failures: readonly string[];
}

/** Words after which nothing more comes: the message was decided against, or set aside where people see it. */
const DECIDED = new Set(['skipped', 'failed', 'dead-lettered']);
const GIVEN_UP = new Set(['never-repeat', 'awaiting-decision']);
/** Says only that no flow is about this state: of a draft before it is approved, or of a change after the message. */
const ABOUT_ANOTHER_STATE = 'no-trigger';
const SHOWN = 5;

/** I1, I2 and I5 of reliability.md section 6 over one stretch of time. */
export function judge(evidence: Evidence): Verdict {
  const loss = findLost(evidence);
  const doubles = findDoubles(evidence);
  const ends = endsOfDoubt(evidence.trail);
  return {
    effects: evidence.messages.length,
    lost: loss.length,
    duplicated: doubles.duplicated,
    uncertain: Object.values(ends).reduce((sum, count) => sum + count, 0),
    uncertainEnds: doubles.afterDoubt === 0 ? ends : { ...ends, 'sent twice, said so': doubles.afterDoubt },
    failures: [
      ...told('I1', 'lost', loss),
      ...told('I2', 'doubled', doubles.sentences),
      ...told('I5', 'gap in the trail', findGaps(evidence)),
    ],
  };
}

/** I1: what is owed and has neither an effect nor a word about why not. */
export function findLost({
  expected,
  acknowledged,
  messages,
  trail,
  unknownTenantLetters,
}: Evidence): string[] {
  const reached = new Set(messages.map(({ to }) => to));
  const decided = new Set(trail.filter(isDecided).map(({ entityId }) => entityId));
  const told = new Set(trail.filter(({ step }) => step !== 'accept').map(({ entityId }) => entityId));
  const unsent = expected
    .filter(({ to, invoiceId }) => !reached.has(to) && !decided.has(invoiceId))
    .map(
      ({ invoiceNumber, tenant, invoiceId }) =>
        `invoice ${invoiceNumber} of tenant ${tenant} (${invoiceId}, ${lastWord(trail, invoiceId)})`,
    );
  const untold = acknowledged
    .filter(({ kind, entityId }) => kind === 'unknown-entity' && !told.has(entityId))
    .map(({ entityId }) => `acknowledged webhook about ${entityId} (${lastWord(trail, entityId)})`);
  const strangers = acknowledged.filter(({ kind }) => kind === 'unknown-tenant').length;
  const missing = Math.max(strangers - unknownTenantLetters, 0);
  const letters = Array.from({ length: missing }, () => 'dead letter of an account that nobody connected');
  return [...unsent, ...untold, ...letters];
}

/** Where the way of an entity ends: what its trail says last. */
function lastWord(trail: readonly TrailLine[], entityId: string): string {
  const last = trail.findLast((line) => line.entityId === entityId);
  if (!last) return 'nobody ever spoke of it';
  const reason = last.reason === null ? '' : `/${last.reason}`;
  return `last word: ${last.step} ${last.status}${reason}`;
}

function isDecided({ step, status, reason }: TrailLine): boolean {
  if (status === 'uncertain') return GIVEN_UP.has(reason ?? '');
  return step !== 'deliver' && DECIDED.has(status) && reason !== ABOUT_ANOTHER_STATE;
}

/**
 * I2: more than one message for a command or for a business event. One that was in doubt counts apart: Twilio has no key by
 * which a repeat could be refused.
 */
export function findDoubles({
  messages,
  trail,
  expected,
}: Pick<Evidence, 'messages' | 'trail' | 'expected'>): {
  duplicated: number;
  afterDoubt: number;
  sentences: string[];
} {
  const doubted = new Set(
    trail.filter(({ status }) => status === 'uncertain').map(({ commandId }) => commandId),
  );
  const numbers = new Map(expected.map(({ to, invoiceNumber }) => [to, invoiceNumber]));
  const sentences: string[] = [];
  let duplicated = 0;
  let afterDoubt = 0;
  for (const [to, lines] of groupBy(messages, (line) => line.to ?? '')) {
    const surplus = lines.length - 1;
    if (surplus === 0) continue;
    const commands = new Set(lines.map(commandOf));
    const [command = ''] = commands;
    if (commands.size === 1 && doubted.has(command)) afterDoubt += surplus;
    else {
      duplicated += surplus;
      sentences.push(
        `${lines.length} messages for invoice ${numbers.get(to) ?? 'of an earlier part'} (command ${[...commands].join(', ')})`,
      );
    }
  }
  return { duplicated, afterDoubt, sentences };
}

/** The command that a message was sent for, by its status callback. */
export function commandOf({ key }: Pick<TruthLine, 'key'>): string {
  return (key ?? '').split('#')[0]?.split('/').at(-1) ?? '';
}

/** How each command ended that was uncertain: the furthest word about it. */
export function endsOfDoubt(trail: readonly TrailLine[]): UncertainEnds {
  const ends: Record<string, number> = {};
  for (const [, lines] of groupBy(
    trail.filter(({ commandId }) => commandId !== null),
    ({ commandId }) => commandId ?? '',
  )) {
    const first = lines.findIndex(({ status }) => status === 'uncertain');
    if (first === -1) continue;
    const end = endOf(lines.slice(first + 1));
    ends[end] = (ends[end] ?? 0) + 1;
  }
  return ends;
}

function endOf(after: readonly TrailLine[]): string {
  const sent = after.find(({ step, status }) => step === 'send' && status === 'sent');
  if (sent?.reason === 'proved-by-callback') return 'proved by callback';
  if (sent?.reason === 'found-at-vendor') return 'found in the list';
  if (sent) return 'absent, sent again';
  const decided = after.find(isDecided);
  if (decided?.status === 'uncertain')
    return decided.reason === 'never-repeat' ? 'never repeated' : 'waits for a person';
  if (decided) return decided.status;
  return after.some(({ step, status }) => step === 'deliver' && status === 'delivered')
    ? 'proved by callback'
    : 'open';
}

/** I5: every effect has its way in the trail: notice → record → command → message. */
export function findGaps({ messages, trail }: Pick<Evidence, 'messages' | 'trail'>): string[] {
  const byCommand = groupBy(trail, ({ commandId }) => commandId ?? '');
  const byRecord = groupBy(trail, ({ recordId }) => recordId ?? '');
  const accepted = new Set(
    trail.filter(({ step }) => step === 'accept').flatMap(({ noticeIds }) => noticeIds),
  );
  return messages.flatMap((message) => {
    const command = commandOf(message);
    const lines = byCommand.get(command) ?? [];
    const mapped = lines.find(({ step, status }) => step === 'map' && status === 'mapped');
    const sent = lines.some(({ step, messageSid }) => step === 'send' && messageSid === message.id);
    if (!sent) return [`message ${message.id} is in no outcome of command ${command}`];
    if (!mapped) return [`nothing says what command ${command} was derived from`];
    const fetched = (byRecord.get(mapped.recordId ?? '') ?? []).find(({ step }) => step === 'fetch');
    if (!fetched) return [`nothing says how record ${mapped.recordId ?? '?'} of command ${command} was read`];
    const noticed = fetched.origin !== 'webhook' || fetched.noticeIds.some((id) => accepted.has(id));
    return noticed ? [] : [`none of the notices of record ${mapped.recordId ?? '?'} was accepted`];
  });
}

/** I4: a record of the log, in the order in which readers see them. */
export interface RecordVersion {
  readonly entity: string;
  readonly version: number;
  /** What it was and how it came, for whoever looks into a step back. */
  readonly about?: string;
}

/** I4: no state of an entity follows a newer one. */
export function findStepsBack(records: readonly RecordVersion[]): string[] {
  const newest = new Map<string, RecordVersion>();
  return records.flatMap((record) => {
    const before = newest.get(record.entity);
    if (!before || before.version <= record.version) {
      newest.set(record.entity, record);
      return [];
    }
    return [`${record.entity} went back from version ${described(before)} to ${described(record)}`];
  });
}

function described({ version, about }: RecordVersion): string {
  return about === undefined ? String(version) : `${version} (${about})`;
}

/** One sentence per invariant, with the first few cases. */
export function told(invariant: string, what: string, cases: readonly string[]): string[] {
  if (cases.length === 0) return [];
  const more = cases.length > SHOWN ? ` and ${cases.length - SHOWN} more` : '';
  return [`${invariant}: ${cases.length} ${what}: ${cases.slice(0, SHOWN).join('; ')}${more}`];
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  return Map.groupBy(items, keyOf);
}
