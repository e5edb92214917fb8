import { requestJson } from '../../../tools/once/http.ts';
import { waitFor } from '../../../tools/lib/wait.ts';
import type { RunningSystem } from '../../../tools/start/start-system.ts';
import { brokerUrl } from './connection-settings.ts';
import { retryWhile } from './retry.ts';

/** A replay as the console tells of it, as far as the suite looks. */
export interface ReplayReport {
  readonly replayId: string;
  readonly status: string;
  readonly read: number;
  readonly replayed: number;
  readonly problem: string | null;
  /** Of what it wrote, what became of it, by status. */
  readonly outcomes: readonly { readonly status: string; readonly count: number }[];
}

/** What is asked of a replay. Times are epoch milliseconds. */
export interface ReplayWish {
  readonly topic: string;
  readonly mode: 'normal' | 'dry-run' | 'forced';
  readonly from?: number;
  readonly to?: number;
  readonly filter?: Readonly<Record<string, string>>;
  readonly reason: string;
}

/** A flow of the suite's own beside those of the load: it texts one number of the staff for each issued invoice. */
export interface StaffFlow {
  readonly id: string;
  readonly workspace: string;
  /** Connection ids. */
  readonly source: string;
  readonly target: string;
  /** E.164. */
  readonly phone: string;
}

const ANSWERS_WITHIN_MS = 60_000;

/** What operators do, over console and token-broker. */
export class Operator {
  private readonly system: RunningSystem;

  constructor(system: RunningSystem) {
    this.system = system;
  }

  /** Applies a staff flow as its version `version` + 1. Resolves when the console has taken it. */
  applyFlow(flow: StaffFlow, version: number, enabled: boolean): Promise<unknown> {
    const yaml = `apiVersion: ledgerwire/v1
id: ${flow.id}
name: Staff notices ${flow.id}
workspace: ${flow.workspace}
source: ${flow.source}
target: ${flow.target}
country: NZ
locale: en-NZ
enabled: ${enabled}
steps:
  - id: issued
    when: invoice.issued
    to: { staff: { phones: ["${flow.phone}"] } }
    channel: [sms]
    notAfter: 2d
    template:
      text: "Issued: invoice {{ invoice.number }}."
`;
    return retryWhile(
      () =>
        this.console(`/api/flows/${flow.id}`, {
          method: 'PUT',
          headers: { 'if-match': `"${version}"` },
          body: { yaml },
        }),
      3,
    );
  }

  setStatus(connectionId: string, status: 'active' | 'paused'): Promise<unknown> {
    return requestJson(`${brokerUrl(this.system)}/connections/${connectionId}`, {
      method: 'PATCH',
      token: this.system.sandbox.consoleToken,
      body: { status },
    });
  }

  /** Also when the vendor does not play along, as for an account that has removed us. */
  disconnect(connectionId: string): Promise<unknown> {
    return requestJson(`${brokerUrl(this.system)}/connections/${connectionId}?force=true`, {
      method: 'DELETE',
      token: this.system.sandbox.consoleToken,
    });
  }

  /** Has parked work of a service tried again at once. */
  retryParked(service: string): Promise<unknown> {
    return this.console('/api/parked', {
      method: 'POST',
      body: { service, action: 'retry-now', reason: 'fault suite: the stop is over' },
    });
  }

  async replay(wish: ReplayWish): Promise<string> {
    const { replayId } = await retryWhile(
      () => this.console<{ replayId: string }>('/api/replays', { method: 'POST', body: wish }),
      20,
    );
    return replayId;
  }

  report(replayId: string): Promise<ReplayReport> {
    return this.console(`/api/replays/${replayId}`, {});
  }

  /** Waits until a replay has ended, while console may be away. */
  async untilEnded(replayId: string): Promise<ReplayReport> {
    let last: ReplayReport | undefined;
    await waitFor(
      async () => {
        last = await this.report(replayId).catch(() => last);
        return last !== undefined && last.status !== 'running';
      },
      { what: `the end of replay ${replayId}`, timeoutMs: ANSWERS_WITHIN_MS },
    );
    if (!last) throw new Error(`replay ${replayId} was never told of`);
    return last;
  }

  private console<T>(path: string, options: Parameters<typeof requestJson>[1]): Promise<T> {
    const { consoleUrl, consoleToken } = this.system.sandbox;
    return requestJson<T>(consoleUrl + path, { token: consoleToken, ...options });
  }
}
