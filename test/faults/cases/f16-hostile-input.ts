import { request } from 'node:http';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { postWebhook, webhookBody } from '../load/signed-webhook.ts';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';
import type { World } from '../world/world.ts';

/** F16: bodies that are too large, malformed, poisonous or never end; ingress says no, keeps no memory and serves the others. */
export const hostileInput: FaultTest = {
  id: 'F16',
  title: 'oversized, malformed, poisonous and endless request bodies',
  weight: 0.7,
  short: false,
  run: (run) => {
    const answers = new Map<string, number>();
    const wrong: string[] = [];
    return underLoad(run, {
      inject: async (until) => {
        const slow = slowUploads(run.world, 20);
        let sent = 0;
        while (performance.now() < until) {
          for (const { name, body, allowed } of bodies(run.world.tenants[0]?.accountId ?? '')) {
            const status = await postWebhook(run.world, body);
            sent += 1;
            answers.set(`${name} ${status}`, (answers.get(`${name} ${status}`) ?? 0) + 1);
            if (!allowed.includes(status)) wrong.push(`${name} was answered ${status}`);
          }
          await delay(200);
        }
        slow();
        return sent;
      },
      check: () => wrong.slice(0, 5),
      figures: () => Object.fromEntries(answers),
    });
  },
};

interface HostileBody {
  readonly name: string;
  readonly body: string | Buffer;
  /** 0: the connection was closed while we were still sending, which is an answer too. */
  readonly allowed: readonly number[];
}

function bodies(tenantId: string): HostileBody[] {
  const good = webhookBody(tenantId, randomUUID());
  const accepted = [200];
  return [
    { name: 'two megabytes', body: Buffer.alloc(2_000_000, 'a'), allowed: [413, 0] },
    { name: 'no JSON', body: 'this is no JSON', allowed: accepted },
    { name: 'half a body', body: good.slice(0, good.length / 2), allowed: accepted },
    { name: 'deep nesting', body: `${'['.repeat(50_000)}${']'.repeat(50_000)}`, allowed: accepted },
    { name: '__proto__', body: good.replace('{', '{"__proto__":{"polluted":true},'), allowed: accepted },
    { name: 'a key twice', body: good.replace('{"events"', '{"events":[],"events"'), allowed: accepted },
    { name: 'bytes that are no UTF-8', body: Buffer.alloc(500, 0xfe), allowed: accepted },
  ];
}

/** Connections that promise a body and hardly send it. */
function slowUploads(world: World, count: number): () => void {
  const url = new URL(`${world.system.context.urls.ingress}/webhooks/xero`);
  const requests = Array.from({ length: count }, () => {
    const upload = request(url, { method: 'POST', headers: { 'content-length': 10_000 } });
    upload.on('error', () => undefined);
    upload.write('{');
    return upload;
  });
  return () => {
    for (const upload of requests) upload.destroy();
  };
}
