import { expect, test, vi } from 'vitest';
import type { VendorWebhooks } from '#libs/vendor-kit';
import { zohoBooks } from '#libs/vendors/zoho-books';
import { startSink } from './sandbox.fixture.js';
import { addContact, addInvoice, useZohoSandbox, write, zoho } from './zoho-books.fixture.js';

useZohoSandbox();

const webhooks = zohoBooks.webhooks as VendorWebhooks;

test.each(['default', 'form'] as const)(
  'understands the %s webhooks that the rules of an organisation send',
  async (body) => {
    const secret = webhooks.deriveKey?.('app key', 'c1') ?? '';
    const sink = await startSink(webhooks, secret, { accountId: zoho.account.accountId });
    const setUp = (withSecret: string) =>
      zoho.sandbox.control('/zoho-books/rules', {
        organizationId: zoho.account.accountId,
        url: `${sink.url}/webhooks/zoho-books/c1`,
        secret: withSecret,
        body,
      });
    await setUp(secret);
    const customer = await addContact();
    const invoice = await addInvoice(customer);
    await write('POST', `invoices/${invoice}/status/sent`);
    await write('POST', 'customerpayments', {
      customer_id: customer,
      amount: 100,
      invoices: [{ invoice_id: invoice, amount_applied: 100 }],
    });
    await write('DELETE', `invoices/${invoice}`);
    await vi.waitFor(() => expect(sink.verdicts).toHaveLength(7), { timeout: 5000 });
    const told = sink.verdicts.flatMap((verdict) => (verdict.kind === 'accepted' ? verdict.events : []));
    expect(
      told
        .map((event) => (event.kind === 'change' ? `${event.entityType} ${event.changeType}` : ''))
        .toSorted(),
    ).toEqual([
      'contact updated',
      'invoice created',
      'invoice deleted',
      'invoice updated',
      'invoice updated',
      'invoice updated',
      'payment created',
    ]);
    await setUp('anothersecret123');
    await addContact({ contact_name: 'Forged' });
    await vi.waitFor(() => expect(sink.verdicts.at(-1)).toMatchObject({ reason: 'signature-invalid' }));
    await sink.close();
  },
);

test('repeats a failed webhook only under a retry policy', async () => {
  const unreachable = 'http://127.0.0.1:9/webhooks/zoho-books/c1';
  const rules = {
    organizationId: zoho.account.accountId,
    url: unreachable,
    secret: 'abcdefghijkl',
    rules: ['contact-changed'],
  };
  await zoho.sandbox.control('/zoho-books/rules', rules);
  const attempts = async () =>
    (
      await zoho.sandbox.control<{ deliveries: { attempt: number }[] }>(
        '/webhooks/deliveries?vendor=zoho-books',
      )
    ).deliveries;
  await addContact();
  await vi.waitFor(async () => expect(await attempts()).toHaveLength(1));
  await zoho.sandbox.control('/webhooks', { vendor: 'zoho-books', retries: 1, retryEveryMs: 1000 });
  await addContact({ contact_name: 'Eve' });
  await vi.waitFor(async () => expect(await attempts()).toHaveLength(2));
  await zoho.sandbox.control('/clock', { advanceMs: 1000 });
  await vi.waitFor(async () => expect((await attempts()).map(({ attempt }) => attempt)).toEqual([2, 1, 1]));
});
