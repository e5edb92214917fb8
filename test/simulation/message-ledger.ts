import {
  type CommandState,
  type MessageCommand,
  type Outcome,
  topics,
  twilioSenderStores,
} from '#libs/contracts';
import type { SimulatedWorld } from '#libs/streams';
import { optOutKey } from '../../apps/twilio-sender/src/lanes.js';
import { SENDER } from './sender-service.js';
import type { SimulatedTwilio, TakenMessage } from './vendors/simulated-twilio.js';

/** Nothing more is done for the command. */
const ENDED = new Set(['final', 'refused', 'skipped']);
/** An uncertain command that is left to the flow's policy or to an operator has said so. */
const LEFT_UNCERTAIN = new Set(['never-repeat', 'awaiting-decision']);
const FAILED = new Set(['undelivered', 'failed']);

/** What Twilio took, held against what was asked for: the promises of twilio-sender. */
export class MessageLedger {
  /** Commands that were written, by id. */
  readonly wanted = new Map<string, MessageCommand>();
  /** Opt-out keys of recipients who said STOP. */
  readonly stops = new Set<string>();

  constructor(
    private readonly world: SimulatedWorld,
    private readonly carrier: SimulatedTwilio,
  ) {
    carrier.onTaken = (message) => this.onTaken(message);
  }

  /** Commands for which something is still to be done. */
  openCommands(): string[] {
    const states = this.states();
    const left = this.leftUncertain();
    return [...this.wanted.keys()].filter((commandId) => {
      const status = states.get(commandId)?.status;
      if (status === 'uncertain') return !left.has(commandId);
      return status === undefined || !ENDED.has(status);
    });
  }

  /** Where a command stands, for people. */
  describe(commandId: string): string {
    const state = this.states().get(commandId);
    const taken = this.carrier.messages.filter((message) => message.commandId === commandId);
    const messages = taken.map(
      ({ sid, status, errorCode }) => `${sid.slice(-3)} ${status} ${errorCode ?? ''}`,
    );
    const told = this.outcomes()
      .filter((outcome) => outcome.commandId === commandId)
      .map(({ step, status, reason }) => `${step}:${status}/${reason ?? ''}`);
    const known = state ? `${state.status} after ${state.attempts} attempts` : 'unknown';
    return `${commandId} is ${known}, at Twilio [${messages.join(', ')}], told ${told.join(' ')}`;
  }

  /** The promises that can be looked at only in the end. */
  broken(): string[] {
    const states = this.states();
    return [...this.wanted.keys()].flatMap((commandId) => {
      const state = states.get(commandId);
      return state ? this.brokenFor(commandId, state) : [`command ${commandId} is lost`];
    });
  }

  private brokenFor(commandId: string, state: CommandState): string[] {
    const taken = this.carrier.messages.filter((message) => message.commandId === commandId);
    const known = taken.some(({ sid }) => sid === state.messageSid);
    // Twilio's list could be read long enough in every world: what it shows must have been found there.
    if (state.status === 'uncertain' && taken.length > 0)
      return [`command ${commandId} is left uncertain, and Twilio has its message`];
    if (state.status === 'final' && !known)
      return [`command ${commandId} counts as sent with ${state.messageSid}, which is no message of it`];
    if (
      (state.status === 'refused' || state.status === 'skipped') &&
      state.messageSid === null &&
      taken.length > 0
    )
      return [`command ${commandId} counts as ${state.status}, and its message left`];
    const told = this.outcomes().filter(
      (outcome) => outcome.commandId === commandId && outcome.step === 'send',
    );
    const sends = told.filter(({ status }) => status === 'sent').map(({ messageSid }) => messageSid);
    if (new Set(sends).size !== sends.length) return [`command ${commandId}: one send is told twice`];
    return told.length === 0 ? [`nothing is told of command ${commandId}`] : [];
  }

  /** Looked at when Twilio takes a message: it must be the first of its command that can still arrive. */
  private onTaken(message: TakenMessage): void {
    const { commandId, connectionId, to } = message;
    const others = this.carrier.messages.filter(
      (other) => other !== message && other.commandId === commandId,
    );
    const alive = others.find(({ status }) => !FAILED.has(status));
    if (alive) this.world.violated(`command ${commandId} is sent twice: ${alive.sid} and ${message.sid}`);
    const state = this.states().get(commandId);
    if (!state) {
      this.world.violated(`command ${commandId} is sent without an intent`);
      return;
    }
    const optOut = this.world
      .changes(SENDER, twilioSenderStores.optOuts)
      .find(({ key }) => key === optOutKey(connectionId, to));
    if (optOut && optOut.timestamp < state.intendedAt)
      this.world.violated(`command ${commandId} is sent to somebody who had opted out before`);
    const { notAfter = null } = this.wanted.get(commandId) ?? {};
    if (notAfter !== null && state.intendedAt > notAfter)
      this.world.violated(`command ${commandId} is sent after its time`);
  }

  private leftUncertain(): Set<string> {
    const left = this.outcomes().filter(({ reason }) => reason !== null && LEFT_UNCERTAIN.has(reason));
    return new Set(left.map(({ commandId }) => commandId ?? ''));
  }

  private states(): Map<string, CommandState> {
    return this.world.stored(SENDER, twilioSenderStores.commands);
  }

  private outcomes(): Outcome[] {
    return this.world.records(topics.outcomes).map(({ value }) => value);
  }
}
