import { setTimeout as delay } from 'node:timers/promises';
import type { FaultReport, FaultRun, FaultTest } from '../suite/fault-test.ts';
import { plainReport } from '../suite/fault-test.ts';
import { between, strikeUntil } from '../suite/chance.ts';
import { connectOrganisations } from '../world/tenants.ts';

/** Tokens of this life are replaced all the time: token-broker renews five minutes ahead. */
const SHORT_LIFE_MS = 20_000;
const USUAL = {
  accessTtlMs: 30 * 60_000,
  refreshGraceMs: 30 * 60_000,
  revokeOnReuse: false,
};
const CONNECTIONS = 3;
const READERS = 12;
/** The lease of a killed holder (20 s) and a slow token endpoint on top. */
const RECOVER_WITHIN_MS = 60_000;

/**
 * F19: several token-brokers renew the same tokens at a vendor that ends a consent when a refresh token is used twice; then renewals
 * whose answers are lost and brokers that are killed in the middle, inside Xero's grace.
 */
export const tokenRace: FaultTest = {
  id: 'F19',
  title: 'token refresh races, lost answers and killed token-brokers',
  weight: 1.5,
  short: true,
  run: async (run) => {
    const { sandbox, services, system } = run.world;
    await sandbox.post('/xero/oauth', {
      accessTtlMs: SHORT_LIFE_MS,
      refreshGraceMs: 0,
      revokeOnReuse: true,
    });
    const connections = await connectOrganisations(system, sandbox, CONNECTIONS);
    const replicas = [];
    for (let number = 2; number <= (run.activeMs > 20_000 ? 4 : 3); number += 1)
      replicas.push(await services.addReplica('token-broker', number));
    const refreshes = countRefreshes(run);
    const reads = new TokenReads(run, connections);
    try {
      const end = performance.now() + run.activeMs;
      await sandbox.arm({
        vendor: 'xero',
        endpoint: 'POST /connect/token',
        kind: 'latency',
        latencyMs: 50,
        latencyMaxMs: 1_500,
        seed: Math.floor(run.random() * 1e9),
      });
      await reads.until(performance.now() + run.activeMs / 2);
      await sandbox.post('/xero/oauth', { refreshGraceMs: USUAL.refreshGraceMs, revokeOnReuse: false });
      await sandbox.arm({
        vendor: 'xero',
        endpoint: 'POST /connect/token',
        kind: 'reset',
        when: 'after',
        probability: 0.3,
        seed: Math.floor(run.random() * 1e9),
      });
      const killing = strikeUntil(
        end,
        () => between(run.random, 1_500, 3_000),
        () => services.signal('token-broker', 'SIGKILL'),
      );
      await reads.until(end);
      const kills = await killing;
      const struck = await sandbox.injected();
      await run.world.heal();
      return await judgeRace(run, reads, { kills, struck, refreshes: refreshes() });
    } finally {
      await sandbox.post('/xero/oauth', USUAL);
      await Promise.all(replicas.map((replica) => replica.remove()));
    }
  },
};

async function judgeRace(
  run: FaultRun,
  reads: TokenReads,
  counts: { readonly kills: number; readonly struck: number; readonly refreshes: number },
): Promise<FaultReport> {
  const healedAt = performance.now();
  const unread = await reads.untilAllAnswer(RECOVER_WITHIN_MS);
  const alerts = await reads.alerts();
  return plainReport({
    injected: counts.kills + counts.struck,
    recoveryMs: unread.length === 0 ? Math.round(performance.now() - healedAt) : undefined,
    figures: {
      'tokens read': reads.answered,
      'told to come again': reads.refused,
      'refreshes asked for': counts.refreshes,
      'brokers killed': counts.kills,
      'consents lost': alerts,
    },
    failures: [
      ...unread.map((connection) => `no token for ${connection} although everything is well again`),
      ...(alerts === 0 ? [] : [`${alerts} consents were lost by our own doing`]),
      ...(reads.answered === 0 ? ['not one token was read'] : []),
    ],
  });
}

/** Reads access tokens as fetchers do, at all brokers in turn. */
class TokenReads {
  answered = 0;
  /** 503: come again. Everything else but an answer while brokers are killed. */
  refused = 0;
  private turn = 0;
  private readonly run: FaultRun;
  private readonly connections: readonly string[];

  constructor(run: FaultRun, connections: readonly string[]) {
    this.run = run;
    this.connections = connections;
  }

  async until(end: number): Promise<void> {
    const read = async (): Promise<void> => {
      while (performance.now() < end) {
        if (await this.read(this.connections[this.turn % this.connections.length] ?? '')) this.answered += 1;
        else this.refused += 1;
        await delay(20);
      }
    };
    await Promise.all(Array.from({ length: READERS }, read));
  }

  /** Tries until each connection has a token; those that have none in time. */
  async untilAllAnswer(withinMs: number): Promise<string[]> {
    const deadline = performance.now() + withinMs;
    let open = [...this.connections];
    while (open.length > 0 && performance.now() < deadline) {
      const answers = await Promise.all(open.map((connection) => this.read(connection)));
      open = open.filter((_connection, i) => answers[i] !== true);
      await delay(300);
    }
    return open;
  }

  async alerts(): Promise<number> {
    const { context, sandbox } = this.run.world.system;
    const url = `${context.urls['token-broker'].replace('//localhost:', '//127.0.0.1:')}/alerts`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${sandbox.consoleToken}` } });
    const { alerts } = (await response.json()) as { alerts: { connectionId?: string }[] };
    return alerts.length;
  }

  private async read(connection: string): Promise<boolean> {
    this.turn += 1;
    const { system, services } = this.run.world;
    const ports = services.ports('token-broker');
    const port = ports[this.turn % Math.max(ports.length, 1)];
    const url = `http://127.0.0.1:${port ?? 0}/internal/connections/${connection}/access-token`;
    const token = system.context.secrets.serviceTokens['fetcher'] ?? '';
    return fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(15_000),
    })
      .then(async (response) => {
        await response.arrayBuffer();
        return response.ok;
      })
      .catch(() => false);
  }
}

/** Counts what passes to the token endpoint and leaves it alone. */
function countRefreshes({ world }: FaultRun): () => number {
  let count = 0;
  world.vendorProxy.arm({
    on: ({ name }) => {
      if (name.startsWith('POST') && name.endsWith('/connect/token')) count += 1;
      return false;
    },
    action: { kind: 'swallow-answer' },
  });
  return () => count;
}
