import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { isSigned, readForm, signedTextOf } from './freshbooks.signature.js';

const key = { keyId: 'k', secret: 'verifier' };
const sign = (text: string): string => createHmac('sha256', 'verifier').update(text).digest('base64');

test('signs the text that Python makes of the fields', () => {
  expect(signedTextOf(readForm(Buffer.from('name=invoice.create&object_id=1234567&account_id=6BApk')))).toBe(
    '{"name": "invoice.create", "object_id": "1234567", "account_id": "6BApk"}',
  );
  expect(signedTextOf([['n', 'Zürich "A\\B"\n\u007f😀']])).toBe(
    '{"n": "Z\\u00fcrich \\"A\\\\B\\"\\n\\u007f\\ud83d\\ude00"}',
  );
});

test('takes a signature over the received and over the sorted fields, and over no others', () => {
  const fields = readForm(Buffer.from('name=n&account_id=a'));
  expect(isSigned(fields, sign('{"name": "n", "account_id": "a"}'), [key])).toBe(true);
  expect(isSigned(fields, sign('{"account_id": "a", "name": "n"}'), [key])).toBe(true);
  expect(isSigned(fields, sign('{"name":"n","account_id":"a"}'), [key])).toBe(false);
  expect(isSigned(fields, sign('name=n&account_id=a'), [key])).toBe(false);
});
