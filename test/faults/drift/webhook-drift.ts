import type { WebhookVerdict } from '#libs/vendor-kit';
import { vendors } from '#libs/vendors';
import { PUBLIC_URL, requestOf, sign, type Signer, signers } from '../forgery/signers.ts';
import { driftsOf } from './drifts.ts';

const SECRET = 'k'.repeat(48);

/** What became of drifted webhooks. */
export interface WebhookDrift {
  readonly tried: number;
  readonly verdicts: Readonly<Record<string, number>>;
  /** Webhooks that said something of which neither an event nor a remark was left. */
  readonly vanished: readonly string[];
}

/** Rightly signed webhooks of every vendor, each with one thing changed: all must be told of, as events, as ignored, or as malformed. */
export function driftWebhooks(): WebhookDrift {
  const verdicts: Record<string, number> = {};
  const vanished: string[] = [];
  let tried = 0;
  for (const signer of signers) {
    for (const { name, body } of driftedBodies(signer)) {
      tried += 1;
      const verdict = receive(signer, Buffer.from(body));
      const key = `webhooks ${verdict.kind}`;
      verdicts[key] = (verdicts[key] ?? 0) + 1;
      if (isSilent(verdict)) vanished.push(`${signer.vendor}, ${name}: ${verdict.kind}`);
    }
  }
  return { tried, verdicts, vanished };
}

function driftedBodies(signer: Signer): { name: string; body: string }[] {
  const original = signer.body('1f');
  if (signer.contentType === 'application/json')
    return driftsOf(JSON.parse(original) as Record<string, unknown>)
      .filter(({ path }) => !isEmptied(path))
      .map(({ rule, path, entity }) => ({ name: `${rule} of ${path}`, body: JSON.stringify(entity) }));
  const names = [...new URLSearchParams(original).keys()];
  return [
    { name: 'field added', body: `${original}&brand_new=1` },
    ...names.flatMap((name) => [
      { name: `${name} removed`, body: changed(original, name, undefined) },
      { name: `${name} unknown`, body: changed(original, name, 'brand_new') },
    ]),
  ];
}

/** Without its list of events a webhook of Xero says nothing: that is its handshake. */
function isEmptied(path: string): boolean {
  return path === 'events';
}

function changed(form: string, name: string, value: string | undefined): string {
  const fields = new URLSearchParams(form);
  if (value === undefined) fields.delete(name);
  else fields.set(name, value);
  return fields.toString();
}

function receive(signer: Signer, body: Buffer): WebhookVerdict {
  const { webhooks } = vendors.get(signer.vendor);
  if (!webhooks) throw new Error(`${signer.vendor} has no webhooks`);
  const signature = sign(signer, SECRET, PUBLIC_URL + signer.path, body);
  const connection = { connectionId: 'c1', accountId: signer.accountId, vendor: signer.vendor };
  return webhooks.receive(requestOf(signer, body, signature), [{ keyId: 'key', secret: SECRET }], connection);
}

/** Handshakes and rejections keep nothing, so that a drift must not end there; an account that is another one must. */
function isSilent(verdict: WebhookVerdict): boolean {
  if (verdict.kind === 'malformed') return false;
  if (verdict.kind === 'rejected' && verdict.reason === 'wrong-account') return false;
  if (verdict.kind !== 'accepted') return true;
  return verdict.events.length + verdict.ignored.length === 0;
}
