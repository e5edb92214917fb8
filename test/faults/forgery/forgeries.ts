import fc from 'fast-check';
import { type Signer, sign } from './signers.ts';

/** A request that the vendor did not sign, or not so. */
export interface Forgery {
  readonly how: string;
  readonly body: Buffer;
  readonly signature: string | undefined;
}

type Change = (body: Buffer, signature: string) => { body?: Buffer; signature?: string | undefined };

/** Forgeries of one signed request: everything that a sender without the key can do to it. */
export function forgeriesOf(
  signer: Signer,
  url: string,
  secret: string,
): fc.Arbitrary<Forgery & { readonly original: Buffer }> {
  const changes: readonly [string, fc.Arbitrary<Change>][] = [
    ['a bit of the body is flipped', fc.nat().map((n) => (body) => ({ body: flipBit(body, n) }))],
    ['the body is cut', fc.nat().map((n) => (body) => ({ body: body.subarray(0, n % body.length) }))],
    [
      'bytes are added',
      fc
        .uint8Array({ minLength: 1, maxLength: 20 })
        .map((more) => (body) => ({ body: Buffer.concat([body, more]) })),
    ],
    [
      'line endings are changed',
      fc.constant((body) => ({
        body: Buffer.from(body.toString('latin1').replaceAll('\n', '\r\n') + '\r\n'),
      })),
    ],
    [
      'the body is written again',
      fc.constant((body) => ({ body: Buffer.from(` ${body.toString('utf8').normalize('NFD')}`) })),
    ],
    ['there is no signature', fc.constant(() => ({ signature: undefined }))],
    ['the signature is empty', fc.constant(() => ({ signature: '' }))],
    [
      'the signature is noise',
      fc.string({ minLength: 1, maxLength: 80 }).map((text) => () => ({ signature: text })),
    ],
    [
      'a letter of the signature is another one',
      fc.nat().map((n) => (_body, signature) => ({ signature: otherLetter(signature, n) })),
    ],
    [
      'the signature is cut',
      fc.nat().map((n) => (_body, signature) => ({ signature: signature.slice(0, n % signature.length) })),
    ],
    [
      'the header came twice',
      fc.constant((_body, signature) => ({ signature: `${signature}, ${signature}` })),
    ],
    [
      'another key signed',
      fc
        .string({ minLength: 1, maxLength: 60 })
        .map((key) => (body) => ({ signature: sign(signer, `${key}x`, url, body) })),
    ],
    [
      'another algorithm signed',
      fc
        .constantFrom('md5', 'sha1', 'sha256', 'sha512')
        .filter((algorithm) => algorithm !== signer.algorithm)
        .map((algorithm) => (body) => ({ signature: sign(signer, secret, url, body, algorithm) })),
    ],
    [
      'another URL was signed',
      fc.webPath().map((path) => (body) => ({ signature: sign(signer, 'k', `${url}${path}x`, body) })),
    ],
  ];
  return fc
    .record({
      id: fc.integer({ min: 1, max: 0xff_ff_ff }),
      text: fc.string({ maxLength: 30, unit: 'grapheme' }),
      change: fc.oneof(...changes.map(([how, arbitrary]) => arbitrary.map((change) => ({ how, change })))),
    })
    .map(({ id, text, change: { how, change } }) => {
      const original = Buffer.from(withText(signer, signer.body(id.toString(16)), text));
      const signature = sign(signer, secret, url, original);
      const changed = change(original, signature);
      return {
        how,
        original,
        body: changed.body ?? original,
        signature: 'signature' in changed ? changed.signature : signature,
      };
    });
}

/** The same text somewhere in the body, so that letters beyond ASCII are signed too. */
function withText(signer: Signer, body: string, text: string): string {
  if (signer.contentType.includes('json')) return body.replace('{', `{"note":${JSON.stringify(text)},`);
  return `${body}&note=${encodeURIComponent(text.toWellFormed())}`;
}

function flipBit(body: Buffer, n: number): Buffer {
  const copy = Buffer.from(body);
  const at = n % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 << (n % 8));
  return copy;
}

function otherLetter(signature: string, n: number): string {
  const at = n % signature.length;
  const other = signature[at] === 'A' ? 'B' : 'A';
  return signature.slice(0, at) + other + signature.slice(at + 1);
}
