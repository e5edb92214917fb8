import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Canary, scanForCanaries, type ScanResult } from '../check/secret-scan.ts';
import { told } from '../check/invariants.ts';
import { BooksWriter } from '../load/books-writer.ts';
import { postWebhook, webhookBody } from '../load/signed-webhook.ts';
import type { FaultRun, FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';
import { brokerUrl } from '../world/connection-settings.ts';
import { connectOrganisations, WORKSPACE } from '../world/tenants.ts';

const PAUSE_MS = 50;
const ASKED_WITHIN_MS = 10_000;

/** One way to hand a secret to the product where it must fail. */
interface ErrorPath {
  readonly name: string;
  /** Does it with a canary in the secret's place. */
  try(canary: string): Promise<unknown>;
}

/** F18: a canary in the place of every credential, on every way on which something is refused or fails; then the search for all of them. */
export const canaries: FaultTest = {
  id: 'F18',
  title: 'canaries in every credential, over all error paths',
  weight: 1,
  short: false,
  run: (run) => {
    const planted: Canary[] = [];
    const personal: Canary[] = [];
    let scan: ScanResult = { bytes: 0, places: 0, hits: [] };
    const plant = (name: string): string => {
      const text = `CANARY${randomBytes(12).toString('hex')}`;
      planted.push({ name, text });
      return text;
    };
    return underLoad(run, {
      inject: async (until) => {
        const paths = [...vendorAnswers(run), ...refusedRequests(run)];
        // All of them once, however long it takes, and then again while there is time.
        for (let turn = 0; turn < paths.length || performance.now() < until; turn += 1) {
          const path = paths[turn % paths.length];
          await path?.try(plant(path.name)).catch(() => undefined);
          if (turn % paths.length === 0) personal.push(...(await customerWithCanaries(run, personal.length)));
          await delay(PAUSE_MS);
        }
        return planted.length;
      },
      check: async () => {
        scan = await scanForCanaries(run.world, { secret: planted, personal });
        return told('I7', 'canaries found', scan.hits);
      },
      figures: () => ({
        'canaries planted': planted.length + personal.length,
        'error paths': new Set(planted.map(({ name }) => name)).size,
      }),
    });
  },
};

/** Vendors that say in their error what they were called with. */
function vendorAnswers({ world }: FaultRun): ErrorPath[] {
  const { sandbox, system } = world;
  const echo = (status: number, vendor: string, endpoint: string): ErrorPath => ({
    name: `echoed by ${vendor} with ${status} to ${endpoint}`,
    try: (canary) =>
      sandbox.arm({
        vendor,
        endpoint,
        kind: 'status',
        status,
        times: 1,
        headers: { 'x-debug': canary },
        body: JSON.stringify({
          code: 20003,
          message: `bad credential ${canary}`,
          error: canary,
          Detail: canary,
        }),
      }),
  });
  return [
    echo(500, 'xero', 'GET *'),
    echo(400, 'xero', 'GET *'),
    echo(503, 'twilio', 'POST /Messages.json'),
    echo(429, 'twilio', 'POST /Messages.json'),
    {
      name: 'echoed by the token endpoint',
      try: async (canary) => {
        const { id } = await sandbox.arm({
          vendor: 'xero',
          endpoint: 'POST /connect/token',
          kind: 'status',
          status: 400,
          times: 1,
          body: JSON.stringify({ error: 'invalid_client', error_description: `client_secret=${canary}` }),
        });
        await connectOrganisations(system, sandbox, 1).catch(() => undefined);
        return id;
      },
    },
  ];
}

/** Requests that are refused, with a canary where the secret would stand. */
function refusedRequests({ world }: FaultRun): ErrorPath[] {
  const { context, sandbox } = world.system;
  const ask = (url: string, init: RequestInit): Promise<Response> =>
    fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(ASKED_WITHIN_MS), ...init });
  const broker = brokerUrl(world.system);
  const json = { 'content-type': 'application/json' };
  const operator = { authorization: `Bearer ${sandbox.consoleToken}` };
  const tenantId = world.tenants[0]?.accountId ?? '';
  return [
    {
      name: 'signature of a webhook',
      try: (canary) => postWebhook(world, webhookBody(tenantId, 'x'), { 'x-xero-signature': canary }),
    },
    {
      name: 'query of a webhook',
      try: (canary) =>
        ask(`${context.urls.ingress}/webhooks/xero?token=${canary}`, {
          method: 'POST',
          headers: json,
          body: `{"secret":"${canary}"`,
        }),
    },
    {
      name: "operator's bearer token",
      try: (canary) =>
        ask(`${context.urls.console}/api/flows`, { headers: { authorization: `Bearer ${canary}` } }),
    },
    {
      name: "operator's token in a link",
      try: (canary) => ask(`${context.urls.console}/?token=${canary}`, {}),
    },
    {
      name: "operator's form",
      try: (canary) =>
        ask(`${context.urls.console}/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: `token=${canary}`,
        }),
    },
    {
      name: 'session cookie',
      try: (canary) => ask(`${context.urls.console}/`, { headers: { cookie: `ledgerwire=${canary}` } }),
    },
    {
      name: 'JSON that breaks off',
      try: (canary) =>
        ask(`${context.urls.console}/api/replays`, {
          method: 'POST',
          headers: { ...json, ...operator },
          body: `{"topic": "${canary}`,
        }),
    },
    {
      name: 'service token',
      try: (canary) =>
        ask(`${broker}/internal/connections/${world.tenants[0]?.connectionId ?? ''}/access-token`, {
          method: 'POST',
          headers: { ...json, authorization: `Bearer ${canary}` },
          body: '{}',
        }),
    },
    {
      name: 'credentials that the vendor refuses',
      try: (canary) =>
        ask(`${broker}/connections`, {
          method: 'POST',
          headers: { ...json, ...operator },
          body: JSON.stringify({
            vendor: 'twilio',
            workspaceId: WORKSPACE,
            credentials: {
              accountSid: sandbox.twilio.accountSid,
              authToken: canary,
              apiKeySid: sandbox.twilio.apiKeySid,
              apiKeySecret: canary,
            },
            settings: {},
          }),
        }),
    },
    {
      name: 'credentials of the wrong shape',
      try: (canary) =>
        ask(`${broker}/connections`, {
          method: 'POST',
          headers: { ...json, ...operator },
          body: JSON.stringify({
            vendor: 'twilio',
            workspaceId: 'faults',
            credentials: { authToken: [canary], [canary]: 'x' },
          }),
        }),
    },
    {
      name: 'code of a consent',
      try: (canary) => ask(`${broker}/connect/xero/callback?code=${canary}&state=${canary}`, {}),
    },
  ];
}

/** A customer whose number, name and address nobody but the vendors and the topics may know. */
async function customerWithCanaries({ world }: FaultRun, soFar: number): Promise<Canary[]> {
  const name = `Canary${randomBytes(9).toString('hex')}`;
  const books = new BooksWriter({ sandbox: world.sandbox, tenants: world.tenants });
  await books.open();
  const { to } = await books.issue(soFar % world.tenants.length, 'AUTHORISED', name);
  return [
    { name: 'name of a customer', text: name },
    { name: 'number of a customer', text: to },
  ];
}
