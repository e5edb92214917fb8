/** Words that Twilio takes as an opt-out when they are the whole text. */
const STOP_WORDS = new Set(['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT']);
const START_WORDS = new Set(['START', 'YES', 'UNSTOP']);
const HELP_WORDS = new Set(['HELP', 'INFO']);

/** What an inbound text means for opt-outs, with its place in `OptOutType`. */
export type OptOutType = 'STOP' | 'START' | 'HELP';

/** The meaning of a text; undefined for ordinary ones. Only exact one-word texts count. */
export function optOutTypeOf(text: string): OptOutType | undefined {
  const word = text.trim().toUpperCase();
  if (STOP_WORDS.has(word)) return 'STOP';
  if (START_WORDS.has(word)) return 'START';
  return HELP_WORDS.has(word) ? 'HELP' : undefined;
}

/** Who may not be messaged by whom: recipient × sender, where a sender is a number or a whole Messaging Service. */
export class BlockList {
  private readonly blocked = new Set<string>();

  get size(): number {
    return this.blocked.size;
  }

  block(recipient: string, senders: readonly string[]): void {
    for (const sender of senders) this.blocked.add(`${recipient} ${sender}`);
  }

  unblock(recipient: string, senders: readonly string[]): void {
    for (const sender of senders) this.blocked.delete(`${recipient} ${sender}`);
  }

  isBlocked(recipient: string, senders: readonly string[]): boolean {
    return this.blocked.size > 0 && senders.some((sender) => this.blocked.has(`${recipient} ${sender}`));
  }

  /** Recipient and sender of each block. */
  entries(): { readonly recipient: string; readonly sender: string }[] {
    return [...this.blocked].map((entry) => {
      const [recipient = '', sender = ''] = entry.split(' ');
      return { recipient, sender };
    });
  }

  clear(): void {
    this.blocked.clear();
  }
}
