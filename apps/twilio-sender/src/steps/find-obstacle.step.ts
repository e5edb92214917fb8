import { type Connection, type MessageCommand, twilioSenderStores } from '#libs/contracts';
import type { TaskContext } from '#libs/streams';
import { booksOptOutKey, optOutKey } from '../lanes.js';

/** Why a message does not leave now. `skip` ends the command; `wait` may pass. */
export type Obstacle =
  | { readonly kind: 'skip'; readonly reason: string; readonly detail: string }
  | {
      readonly kind: 'wait';
      readonly reason: string;
      readonly detail: string;
      /** When it passes, UTC, if that is known. */
      readonly until?: number;
    };

/** What a check may look at. */
export interface SendSituation {
  readonly command: MessageCommand;
  readonly connection: Connection | undefined;
  readonly context: TaskContext;
}

/** Looks at one thing that must be so at the moment of sending. */
export type SendCheck = (situation: SendSituation) => Obstacle | undefined;

const notTooLate: SendCheck = ({ command, context }) =>
  command.notAfter !== null && context.now() > command.notAfter
    ? { kind: 'skip', reason: 'too-late', detail: 'The time until which the message made sense has passed' }
    : undefined;

const notOptedOut: SendCheck = ({ command: { connectionId, to }, context }) => {
  const optOuts = context.store(twilioSenderStores.optOuts);
  if (optOuts.get(optOutKey(connectionId, to)))
    return { kind: 'skip', reason: 'opted-out', detail: 'The recipient asked not to get messages' };
  return optOuts.get(booksOptOutKey(connectionId, to))
    ? { kind: 'skip', reason: 'opted-out', detail: 'By the books the recipient wants no such messages' }
    : undefined;
};

const connectionUsable: SendCheck = ({ connection }) => {
  switch (connection?.status) {
    case 'active':
      return undefined;
    case undefined:
      return {
        kind: 'wait',
        reason: 'unknown-connection',
        detail: 'The messaging connection is not known (yet)',
      };
    case 'disconnected':
      return { kind: 'skip', reason: 'disconnected', detail: 'The messaging connection was removed' };
    case 'paused':
      return { kind: 'wait', reason: 'paused', detail: 'The messaging connection is paused' };
    default:
      return {
        kind: 'wait',
        reason: 'needs-reauthorisation',
        detail: 'The messaging connection must be authorised again',
      };
  }
};

const notQuiet: SendCheck = ({ command: { quietSpans }, context }) => {
  const now = context.now();
  const span = quietSpans.find(({ from, until }) => from <= now && now < until);
  return (
    span && {
      kind: 'wait',
      reason: 'quiet-hours',
      detail: 'It is in the quiet hours of the recipient; the message waits for their end',
      until: span.until,
    }
  );
};

/** Everything that is read again right before a message leaves; what ends a command comes before what only delays it. */
const sendChecks: readonly SendCheck[] = [notTooLate, notOptedOut, connectionUsable, notQuiet];

/** The first thing that stands in the way of sending now, if any. */
export function findObstacle(situation: SendSituation): Obstacle | undefined {
  for (const check of sendChecks) {
    const obstacle = check(situation);
    if (obstacle) return obstacle;
  }
  return undefined;
}
