import { requestJson } from '../../../tools/once/http.ts';

/** An effect that a double accepted: the truth, whatever the product believes. */
export interface TruthLine {
  readonly sequence: number;
  readonly vendor: string;
  readonly kind: string;
  readonly action: string;
  readonly id: string;
  /** StatusCallback URL of a message: ends with the command id. */
  readonly key?: string;
  readonly to?: string;
  readonly realAtMs: number;
}

/** An organisation of the Xero double with tokens of its own for whoever writes into its books. */
export interface XeroAccount {
  readonly accountId: string;
  readonly accessToken: string;
}

/** The sandbox's own API (apps/sandbox/README.md), as the suite uses it. */
export class SandboxControl {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  post<T>(path: string, body: object): Promise<T> {
    return requestJson<T>(`${this.url}/__sandbox${path}`, { method: 'POST', body });
  }

  get<T>(path: string): Promise<T> {
    return requestJson<T>(`${this.url}/__sandbox${path}`);
  }

  addOrganisations(count: number): Promise<{ accounts: XeroAccount[] }> {
    return this.post('/xero/organisations', { count, name: 'Fault tenant' });
  }

  /** Fresh tokens for an organisation; those of the double live for half an hour. */
  async accounts(): Promise<XeroAccount[]> {
    const { vendors } = await this.get<{ vendors: { xero: { accounts: XeroAccount[] } } }>('/clients');
    return vendors.xero.accounts;
  }

  webhookHabits(habits: Readonly<Record<string, number>>): Promise<unknown> {
    return this.post('/webhooks', { vendor: 'xero', ...habits });
  }

  arm(fault: Readonly<Record<string, unknown>>): Promise<{ id: string }> {
    return this.post('/faults', fault);
  }

  /** How often all armed faults together struck. */
  async injected(): Promise<number> {
    return [...(await this.strikes()).values()].reduce((sum, struck) => sum + struck, 0);
  }

  /** How often each armed fault struck, by its id. */
  async strikes(): Promise<ReadonlyMap<string, number>> {
    const { faults } = await this.get<{ faults: { id: string; injected: number }[] }>('/faults');
    return new Map(faults.map(({ id, injected }) => [id, injected]));
  }

  async disarmAll(): Promise<void> {
    await requestJson(`${this.url}/__sandbox/faults`, { method: 'DELETE' });
  }

  async ledgerEnd(): Promise<number> {
    return (await this.get<{ last: number }>('/ledger?limit=1')).last;
  }

  /** Messages that Twilio's double accepted after a sequence. */
  async messagesAfter(sequence: number): Promise<TruthLine[]> {
    const found: TruthLine[] = [];
    for (let after = sequence; ;) {
      const { lines } = await this.get<{ lines: TruthLine[] }>(
        `/ledger?vendor=twilio&kind=message&after=${after}&limit=10000`,
      );
      found.push(...lines.filter(({ action }) => action === 'create'));
      const last = lines.at(-1);
      if (lines.length < 10_000 || last === undefined) return found;
      after = last.sequence;
    }
  }
}
