import { Counter, type Registry } from 'prom-client';

/** What came of one call to the vendor. */
export type AttemptOutcome = 'sent' | 'released' | 'refused' | 'opted-out' | 'uncertain';

/** Counters of the sender. Labels come from closed lists; nothing of a tenant or a message is in them. */
export class SenderMetrics {
  private readonly attempts: Counter<'channel' | 'outcome'>;
  private readonly uncertain: Counter<'cause'>;
  private readonly settled: Counter<'how'>;
  private readonly deliveries: Counter<'channel' | 'status' | 'class'>;
  private readonly surplus: Counter;
  private readonly optOuts: Counter<'source'>;
  private readonly escalations: Counter<'channel' | 'kind'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.attempts = new Counter({
      name: 'message_attempts_total',
      help: 'Calls that asked the vendor to send a message, by what became of them',
      labelNames: ['channel', 'outcome'],
      registers,
    });
    this.uncertain = new Counter({
      name: 'message_uncertain_total',
      help: 'Commands of which it was not known whether their message left, by cause',
      labelNames: ['cause'],
      registers,
    });
    this.settled = new Counter({
      name: 'message_uncertain_settled_total',
      help: 'Uncertain commands, by what settled them',
      labelNames: ['how'],
      registers,
    });
    this.deliveries = new Counter({
      name: 'message_deliveries_total',
      help: 'Final delivery reports, by status and error class',
      labelNames: ['channel', 'status', 'class'],
      registers,
    });
    this.surplus = new Counter({
      name: 'message_surplus_total',
      help: 'Messages that the vendor turned out to have sent besides the one that their command counts',
      registers,
    });
    this.optOuts = new Counter({
      name: 'message_opt_outs_total',
      help: 'Recipients who opted out, by how that became known',
      labelNames: ['source'],
      registers,
    });
    this.escalations = new Counter({
      name: 'message_escalations_total',
      help: 'Messages that went out because another one had failed for good',
      labelNames: ['channel', 'kind'],
      registers,
    });
  }

  attempted(channel: string, outcome: AttemptOutcome): void {
    this.attempts.inc({ channel, outcome });
  }

  becameUncertain(cause: 'lost-answer' | 'interrupted'): void {
    this.uncertain.inc({ cause });
  }

  settledBy(
    how:
      | 'callback'
      | 'list'
      | 'absence'
      | 'policy-repeat'
      | 'policy-never'
      | 'policy-ask'
      | 'operator'
      | 'disconnected',
  ): void {
    this.settled.inc({ how });
  }

  deliveryEnded(channel: string, status: string, errorClass: string): void {
    this.deliveries.inc({ channel, status, class: errorClass });
  }

  foundSurplusMessage(): void {
    this.surplus.inc();
  }

  escalated(channel: string, kind: string): void {
    this.escalations.inc({ channel, kind });
  }

  optedOut(source: 'stop-message' | 'refused-send' | 'delivery-report' | 'books'): void {
    this.optOuts.inc({ source });
  }
}
