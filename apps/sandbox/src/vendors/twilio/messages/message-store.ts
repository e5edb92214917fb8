import type { Message } from './message.js';

/** Which messages a list shows. */
export interface MessageFilter {
  readonly to: string | undefined;
  readonly from: string | undefined;
  /** Bounds of date_sent in epoch milliseconds, from inclusive, before exclusive; unsent messages fit no bound. */
  readonly sentFrom: number | undefined;
  readonly sentBefore: number | undefined;
}

/** A page of a list. */
export interface MessagePage {
  readonly messages: readonly Message[];
  /** The last message of this page when there is a next one. */
  readonly nextAfter: string | undefined;
}

/** Messages by SID and by recipient, newest first in lists. */
export class MessageStore {
  private readonly bySid = new Map<string, Message>();
  private readonly byRecipient = new Map<string, Message[]>();
  private ordered: Message[] = [];
  private deleted = 0;

  get size(): number {
    return this.bySid.size;
  }

  get(sid: string): Message | undefined {
    return this.bySid.get(sid);
  }

  add(message: Message): void {
    this.bySid.set(message.sid, message);
    this.ordered.push(message);
    const received = this.byRecipient.get(message.to);
    if (received) received.push(message);
    else this.byRecipient.set(message.to, [message]);
  }

  delete(message: Message): void {
    this.bySid.delete(message.sid);
    this.byRecipient.set(
      message.to,
      (this.byRecipient.get(message.to) ?? []).filter((other) => other !== message),
    );
    this.deleted += 1;
    if (this.deleted < 1000) return;
    this.ordered = this.ordered.filter((other) => this.bySid.has(other.sid));
    this.deleted = 0;
  }

  /** A page that begins after the message with SID `after`, or with the newest. */
  list(filter: MessageFilter, pageSize: number, after: string | undefined): MessagePage {
    const source = filter.to === undefined ? this.ordered : (this.byRecipient.get(filter.to) ?? []);
    const last = after === undefined ? undefined : this.bySid.get(after);
    let index = last ? source.lastIndexOf(last) - 1 : source.length - 1;
    const messages: Message[] = [];
    for (; index >= 0 && messages.length <= pageSize; index -= 1) {
      const message = source[index];
      if (message && this.bySid.has(message.sid) && fits(message, filter)) messages.push(message);
    }
    const hasMore = messages.length > pageSize;
    if (hasMore) messages.pop();
    return { messages, nextAfter: hasMore ? messages.at(-1)?.sid : undefined };
  }

  /** The newest messages. */
  latest(count: number): readonly Message[] {
    return this.ordered.slice(-count).toReversed();
  }

  clear(): void {
    this.bySid.clear();
    this.byRecipient.clear();
    this.ordered = [];
    this.deleted = 0;
  }
}

function fits(message: Message, { from, sentFrom, sentBefore }: MessageFilter): boolean {
  if (from !== undefined && message.from !== from) return false;
  if (sentFrom === undefined && sentBefore === undefined) return true;
  if (message.sentAt === null) return false;
  return (
    (sentFrom === undefined || message.sentAt >= sentFrom) &&
    (sentBefore === undefined || message.sentAt < sentBefore)
  );
}
