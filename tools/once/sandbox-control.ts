import type { RunningSystem } from '../start/start-system.ts';
import { requestJson } from './http.ts';

/** How often Xero's webhooks come, while the scenario plays. */
export interface WebhookHabits {
  /** Extra copies of each. */
  readonly duplicates?: number;
  /** 1 = none is sent. */
  readonly dropFraction?: number;
}

/** A fault that is armed at a double. */
export interface ArmedFault {
  readonly id: string;
}

/** Retries come sooner than Xero's quarter of an hour. */
export function setWebhooks(system: RunningSystem, habits: WebhookHabits): Promise<unknown> {
  return control(system, '/webhooks', {
    vendor: 'xero',
    ...habits,
    retryEveryMs: 2_000,
  });
}

/** Resolves when Xero has decided about all webhooks of what was changed so far. */
export async function untilWebhooksDecided(system: RunningSystem): Promise<void> {
  await until(async () => {
    const { xero } = await requestJson<{ xero: { waiting: number } }>(url(system, '/webhooks'));
    return xero.waiting === 0;
  });
}

/** A customer texts STOP to our number. */
export function optOut(system: RunningSystem, from: string): Promise<unknown> {
  const [to] = (system.sandbox.twilio['numbers'] ?? []) as string[];
  return control(system, '/twilio/inbound', { from, to, body: 'STOP' });
}

/** Twilio accepts the next message and the connection breaks before its answer arrives. */
export function loseNextAnswer(system: RunningSystem): Promise<unknown> {
  const endpoint = 'POST /Messages.json';
  return control(system, '/faults', { vendor: 'twilio', endpoint, kind: 'reset', when: 'after', times: 1 });
}

/** Xero answers the first read of an entity; all further ones fail until the fault is disarmed. A 429 would slow the tenant. */
export function holdSecondRead(system: RunningSystem, entityId: string): Promise<ArmedFault> {
  return control<ArmedFault>(system, '/faults', {
    vendor: 'xero',
    endpoint: 'GET *',
    mentions: entityId,
    skip: 1,
    kind: 'status',
    status: 503,
  });
}

export function disarm(system: RunningSystem, { id }: ArmedFault): Promise<unknown> {
  return requestJson(url(system, `/faults/${id}`), { method: 'DELETE' });
}

/** Asks again until the answer is true; gives up after a minute, since the judgement then says what is missing. */
export async function until(ready: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await ready()) && performance.now() < deadline)
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
}

function control<T = unknown>(system: RunningSystem, path: string, body: object): Promise<T> {
  return requestJson<T>(url(system, path), { method: 'POST', body });
}

function url(system: RunningSystem, path: string): string {
  return `${system.sandbox.sandboxUrl}/__sandbox${path}`;
}
