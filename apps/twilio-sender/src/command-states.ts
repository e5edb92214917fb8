import { type CommandState, type MessageCommand, twilioSenderStores } from '#libs/contracts';
import type { TaskContext } from '#libs/streams';

/** Where a command stands for whoever is about to work on it. */
export type Standing =
  /** Never called, or the last call was certainly not processed. */
  | 'open'
  /** A call was about to be made and nothing is known of it: its process ended in between. */
  | 'interrupted'
  /** Under reconciliation. */
  | 'uncertain'
  /** The vendor has it. */
  | 'sent'
  /** Ended: delivered or not, refused, or skipped. */
  | 'ended';

const STANDINGS: Readonly<Record<string, Standing>> = {
  intended: 'interrupted',
  released: 'open',
  uncertain: 'uncertain',
  sent: 'sent',
  final: 'ended',
  refused: 'ended',
  skipped: 'ended',
};

/**
 * Reads a command's standing from its state. All work on a command runs in its recipient's lane, one piece at a time, so an
 * intent that is met at the start of a piece of work has no call in flight any more.
 */
export function standingOf(state: CommandState | undefined): Standing {
  if (!state) return 'open';
  return STANDINGS[state.status] ?? 'ended';
}

/** The state of a command in this task, with the changes that each event makes to it. */
export class CommandLedger {
  constructor(private readonly context: TaskContext) {}

  get(commandId: string): CommandState | undefined {
    return this.store.get(commandId);
  }

  /** A call is about to be made. Must be committed before it is. */
  intend(command: MessageCommand): CommandState {
    const former = this.get(command.commandId);
    const now = this.context.now();
    return this.put(command, {
      status: 'intended',
      attempts: (former?.attempts ?? 0) + 1,
      messageSid: null,
      deliveryStatus: null,
      intendedAt: now,
      updatedAt: now,
      command: JSON.stringify(command),
      refusals: former?.refusals ?? null,
    });
  }

  /** The call was certainly not processed; it does not count. @param refused by the vendor, for a cause of which repeats are bounded */
  release(command: MessageCommand, refused = false): void {
    const former = this.existing(command);
    const counted = former.status === 'intended' ? 1 : 0;
    this.put(command, {
      ...former,
      status: 'released',
      attempts: Math.max(former.attempts - counted, 0),
      refusals: refused ? (former.refusals ?? 0) + 1 : former.refusals,
    });
  }

  doubt(command: MessageCommand): CommandState {
    return this.put(command, { ...this.existing(command), status: 'uncertain' });
  }

  /** The vendor has the message. */
  send(command: MessageCommand, messageSid: string): void {
    this.put(command, { ...this.existing(command), status: 'sent', messageSid, refusals: null });
    this.link(messageSid, command.commandId);
  }

  /** Remembers whose message it is. */
  link(messageSid: string, commandId: string): void {
    this.context.store(twilioSenderStores.messages).put(messageSid, { commandId, at: this.context.now() });
  }

  /** Nothing more will be done; the personal data goes. */
  end(
    command: MessageCommand,
    status: 'final' | 'refused' | 'skipped',
    deliveryStatus: string | null = null,
  ): void {
    this.put(command, { ...this.existing(command), status, deliveryStatus, command: '' });
  }

  /**
   * A message of the command has arrived that had failed, or that a later one was sent instead of. With no call in doubt and no
   * later message the command ends; else that stays to be settled, and nothing is sent after it.
   * @returns whether the command has ended.
   */
  arrive(command: MessageCommand, messageSid: string, deliveryStatus: string): boolean {
    const former = this.existing(command);
    const standing = standingOf(former);
    const ends = standing === 'open' || (standing === 'sent' && former.messageSid === messageSid);
    if (ends) this.put(command, { ...former, status: 'final', messageSid, deliveryStatus, command: '' });
    else this.put(command, { ...former, messageSid: former.messageSid ?? messageSid, deliveryStatus });
    return ends;
  }

  /** Whether the message is known already, under this command or another. */
  knows(messageSid: string): boolean {
    return this.context.store(twilioSenderStores.messages).get(messageSid) !== undefined;
  }

  private existing(command: MessageCommand): CommandState {
    const now = this.context.now();
    return (
      this.get(command.commandId) ?? {
        status: 'released',
        attempts: 0,
        messageSid: null,
        deliveryStatus: null,
        intendedAt: now,
        updatedAt: now,
        command: JSON.stringify(command),
        refusals: null,
      }
    );
  }

  private put(command: MessageCommand, state: CommandState): CommandState {
    const updated = { ...state, updatedAt: this.context.now() };
    this.store.put(command.commandId, updated);
    return updated;
  }

  private get store() {
    return this.context.store(twilioSenderStores.commands);
  }
}

/** The command as it was kept, or undefined once it has ended. */
export function keptCommand(state: CommandState | undefined): MessageCommand | undefined {
  if (!state?.command) return undefined;
  // Builds of before had no spans.
  return { quietSpans: [], ...(JSON.parse(state.command) as Omit<MessageCommand, 'quietSpans'>) };
}
