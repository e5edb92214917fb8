import { setTimeout as delay } from 'node:timers/promises';
import { BooksWriter, type MadeInvoice } from '../load/books-writer.ts';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';
import type { World } from '../world/world.ts';

/** Customers whose names want to be more than names. */
const NAMES = [
  'Liquid {{ company.name }} {{ "x" | upcase }}',
  'Loop {% for i in (1..99999999) %}x{% endfor %}',
  "Query ' or Id like '%",
  'Markup <script>alert(1)</script>',
  'Proto {{ constructor.constructor("return process")() }}',
  'Header \\r\\nTo: +15005550001',
];
const WITHIN_MS = 60_000;

interface TwilioMessage {
  readonly to: string;
  readonly body: string;
}

/** F17: names in the books that are templates, queries or markup come out of the message as they went in. */
export const hostileBooks: FaultTest = {
  id: 'F17',
  title: 'customers named like templates, queries and markup',
  weight: 0.7,
  short: false,
  run: (run) => {
    const made: (MadeInvoice & { readonly name: string })[] = [];
    return underLoad(run, {
      inject: async (until) => {
        const books = new BooksWriter(run.world);
        await books.open();
        for (const [i, name] of NAMES.entries()) {
          const tenant = i % run.world.tenants.length;
          made.push({ ...(await books.issue(tenant, 'AUTHORISED', name)), name });
        }
        await delay(Math.max(until - performance.now(), 0));
        return made.length;
      },
      check: async () => {
        const deadline = performance.now() + WITHIN_MS;
        let wrong: string[] = [];
        do {
          const texts = new Map((await messages(run.world)).map(({ to, body }) => [to, body]));
          wrong = made.flatMap(({ to, name }) => {
            const text = texts.get(to);
            if (text === undefined) return [`no message for the customer named ${name}`];
            return text.includes(name) ? [] : [`the name ${name} became something else in its message`];
          });
          if (wrong.length > 0) await delay(500);
        } while (wrong.length > 0 && performance.now() < deadline);
        return wrong;
      },
      figures: () => ({ 'hostile names': made.length }),
    });
  },
};

/** The newest messages by Twilio's own API. */
async function messages({ system }: World): Promise<readonly TwilioMessage[]> {
  const { apiBaseUrl, accountSid, authToken } = system.sandbox.twilio;
  const credentials = Buffer.from(`${accountSid}:${authToken}`).toString('base64');
  const response = await fetch(
    `${apiBaseUrl}/2010-04-01/Accounts/${accountSid}/Messages.json?PageSize=1000`,
    { headers: { authorization: `Basic ${credentials}` }, signal: AbortSignal.timeout(10_000) },
  );
  return ((await response.json()) as { messages: TwilioMessage[] }).messages;
}
