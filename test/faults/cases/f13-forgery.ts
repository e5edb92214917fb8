import fc from 'fast-check';
import { vendors } from '#libs/vendors';
import { forgeriesOf } from '../forgery/forgeries.ts';
import { PUBLIC_URL, requestOf, sign, type Signer, signers } from '../forgery/signers.ts';
import { type FaultReport, type FaultTest, plainReport } from '../suite/fault-test.ts';

const SECRET = 'k'.repeat(48);
const OLD_SECRET = 'o'.repeat(48);

/** F13: forged, cut and wrongly signed webhooks at the verifiers of all vendors, and rightly signed ones while the key is being changed. */
export const forgery: FaultTest = {
  id: 'F13',
  title: 'forged and altered webhooks at every verifier; keys that rotate',
  weight: 0.3,
  short: true,
  alone: true,
  run: async ({ random, activeMs }) => {
    const seed = Math.floor(random() * 2 ** 31);
    const runs = Math.round(Math.min(Math.max(activeMs / 10, 400), 5_000));
    const failures: string[] = [];
    let forged = 0;
    let good = 0;
    for (const signer of signers) {
      const found = tryForgeries(signer, { seed, numRuns: runs });
      forged += found.tried;
      failures.push(...found.failures);
      const refused = tryRotation(signer, { seed, numRuns: Math.round(runs / 4) });
      good += refused.tried;
      failures.push(...refused.failures);
    }
    return reportOf(failures, forged, good);
  },
};

function reportOf(failures: readonly string[], forged: number, good: number): FaultReport {
  const covered = new Set(signers.map(({ vendor }) => vendor));
  const uncovered = vendors.all.filter(({ webhooks, manifest }) => webhooks && !covered.has(manifest.id));
  return plainReport({
    injected: forged,
    figures: { 'forgeries tried': forged, 'good requests tried': good, vendors: signers.length },
    failures: [
      ...failures,
      ...uncovered.map(({ manifest }) => `no forgeries are known for the webhooks of ${manifest.id}`),
    ],
  });
}

/** Properties of one signer; a failure is told in words and with the seed that repeats it. */
interface Tried {
  readonly tried: number;
  readonly failures: readonly string[];
}

function tryForgeries(signer: Signer, parameters: { seed: number; numRuns: number }): Tried {
  const url = PUBLIC_URL + signer.path;
  let tried = 0;
  const outcome = fc.check(
    fc.property(forgeriesOf(signer, url, SECRET), ({ how, original, body, signature }) => {
      const { header } = signer;
      const same = signer.signed(url, body).equals(signer.signed(url, original));
      // What the vendor cannot tell from the original is no forgery.
      if (same && signature === sign(signer, SECRET, url, original)) return;
      tried += 1;
      const verdict = receive(signer, body, signature, [SECRET]);
      if (verdict !== 'rejected') throw new Error(`${how}, and ${header} was ${verdict}`);
    }),
    parameters,
  );
  return { tried, failures: told(signer, outcome) };
}

/** While a key is changed both are good; when the old one is taken away it is good no more. */
function tryRotation(signer: Signer, parameters: { seed: number; numRuns: number }): Tried {
  let tried = 0;
  const url = PUBLIC_URL + signer.path;
  const outcome = fc.check(
    fc.property(fc.integer({ min: 1, max: 0xff_ff_ff }), (id) => {
      tried += 1;
      const body = Buffer.from(signer.body(id.toString(16)));
      for (const secret of [SECRET, OLD_SECRET]) {
        const signature = sign(signer, secret, url, body);
        if (receive(signer, body, signature, [SECRET, OLD_SECRET]) === 'rejected')
          throw new Error('a good request was refused while the key was being changed');
      }
      if (receive(signer, body, sign(signer, OLD_SECRET, url, body), [SECRET]) !== 'rejected')
        throw new Error('a key that was taken away still signs');
    }),
    parameters,
  );
  return { tried, failures: told(signer, outcome) };
}

function receive(
  signer: Signer,
  body: Buffer,
  signature: string | undefined,
  secrets: readonly string[],
): string {
  const { webhooks } = vendors.get(signer.vendor);
  if (!webhooks) throw new Error(`${signer.vendor} has no webhooks`);
  const keys = secrets.map((secret, i) => ({ keyId: `key-${i}`, secret }));
  const connection = { connectionId: 'c1', accountId: signer.accountId, vendor: signer.vendor };
  return webhooks.receive(requestOf(signer, body, signature), keys, connection).kind;
}

function told<T>({ vendor }: Signer, outcome: fc.RunDetails<T>): string[] {
  if (!outcome.failed) return [];
  const reason = outcome.errorInstance instanceof Error ? outcome.errorInstance.message : 'unknown';
  return [`${vendor}: ${reason} (seed ${outcome.seed}, path ${outcome.counterexamplePath ?? '?'})`];
}
