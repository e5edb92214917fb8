import { readdirSync, readFileSync } from 'node:fs';
import type { VendorCall, VendorRequest, VendorResponse } from '#libs/vendor-kit';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  doubleStatusDifferences,
  envelopeDifferences,
  fixtureDifferences,
  queryDifferences,
  readDifferences,
  recordDifferences,
  rowDifferences,
  statusDifferences,
} from './zoho-books-openapi.differences.js';
import {
  differencesOf,
  documentOf,
  documents,
  fieldsRead,
  typesOfAnswer,
  typesOfEnvelope,
  typesOfRecord,
  typesOfRow,
  unnamedOf,
  wordsOf,
} from './zoho-books-openapi.fixture.js';
import {
  addContact,
  auth,
  authCall,
  call,
  source,
  useZohoSandbox,
  write,
  zoho,
} from './zoho-books.fixture.js';

type Fields = Record<string, unknown>;

/** Each entity type of the client with the resource of the API that it comes from. */
const entityTypes = [
  ['contact', 'contacts'],
  ['invoice', 'invoices'],
  ['bill', 'bills'],
  ['purchaseOrder', 'purchaseorders'],
  ['expense', 'expenses'],
  ['payment', 'customerpayments'],
  ['vendorPayment', 'vendorpayments'],
] as const;
const resources = Object.keys(documents);
const keysOf = (differences: object | undefined): string[] => Object.keys(differences ?? {}).sort();
const idFieldOf = (path = ''): string => /\{(\w+)\}/.exec(path)?.[1] ?? '';

const folder = new URL('../../libs/vendors/zoho-books/fixtures/', import.meta.url);
const fixtures = readdirSync(folder)
  .filter((name) => !name.startsWith('webhook-') && name !== 'errors.json')
  .map(
    (name) =>
      JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { entityType: string; entity: Fields },
  );
const fixturesOf = (entityType: string): Fields[] =>
  fixtures.filter((fixture) => fixture.entityType === entityType).map(({ entity }) => entity);
/** What no fixture has, so that the mapper looks further: lines with reporting tags, and a bill that is paid. */
const rarer = (entityType: string): Fields[] => {
  const [entity] = fixturesOf(entityType);
  const line_items = [{ tags: [{}] }];
  return [{ ...entity, line_items, ...(entityType === 'bill' && { status: 'paid' }) }];
};
const map = (entityType: string, value: unknown): unknown =>
  source.toRecordBody({ entityType, entityId: '1', json: '', value });

describe('the double, against Zoho’s OpenAPI documents', () => {
  useZohoSandbox();
  /** The id of a record of each resource. */
  let ids: Record<string, string>;

  beforeEach(async () => {
    const make = async (resource: string, body: object): Promise<string> => {
      const { key = '', get } = documentOf(resource);
      const answer = await write<Record<string, Fields>>('POST', resource, body);
      return String(answer[key]?.[idFieldOf(get)]);
    };
    const line_items = [{ name: 'Paper', description: 'A4', rate: 12.5, quantity: 2 }];
    const contacts = await addContact({
      billing_address: { city: 'Pleasanton', state: 'CA', country: 'U.S.A' },
      contact_persons: [
        { first_name: 'Ada', mobile: '+491701234567', communication_preference: { is_sms_enabled: true } },
      ],
    });
    const vendor = await make('contacts', { contact_name: 'Molly', contact_type: 'vendor' });
    const invoices = await make('invoices', { customer_id: contacts, line_items });
    const bills = await make('bills', { vendor_id: vendor, line_items });
    ids = {
      contacts,
      invoices,
      bills,
      purchaseorders: await make('purchaseorders', { vendor_id: vendor, line_items }),
      expenses: await make('expenses', { amount: 9.99, vendor_id: vendor }),
      customerpayments: await make('customerpayments', {
        customer_id: contacts,
        amount: 10,
        invoices: [{ invoice_id: invoices, amount_applied: 10 }],
      }),
      vendorpayments: await make('vendorpayments', {
        vendor_id: vendor,
        amount: 10,
        bills: [{ bill_id: bills, amount_applied: 10 }],
      }),
    };
  });

  async function read<T>(path: string): Promise<T> {
    const { apiBaseUrl, accountId, accessToken } = zoho.account;
    const response = await fetch(`${apiBaseUrl}/books/v3/${path}?organization_id=${accountId}`, {
      headers: { authorization: `Zoho-oauthtoken ${accessToken}` },
    });
    return (await response.json()) as T;
  }

  test.each(entityTypes.map(([, resource]) => resource))(
    'a record of %s has documented properties only, save the known differences',
    async (resource) => {
      const document = documentOf(resource);
      const answer = await read<Fields>(`${resource}/${ids[resource] ?? ''}`);
      const record = answer[document.key ?? ''] as Fields;
      expect(Object.keys(answer)).toEqual(['code', 'message', document.key]);
      expect(differencesOf(typesOfAnswer(record), typesOfRecord(document))).toEqual(
        keysOf(recordDifferences[resource]),
      );
    },
  );

  test.each(resources)('the list of %s is as documented, save the known differences', async (resource) => {
    const document = documentOf(resource);
    const { [resource]: rows, ...envelope } = await read<Fields>(resource);
    const [row = {}] = rows as Fields[];
    expect(Object.keys(row)).toContain(
      resource === 'organizations' ? 'organization_id' : idFieldOf(document.get),
    );
    expect(differencesOf(typesOfAnswer(row), typesOfRow(document))).toEqual(keysOf(rowDifferences[resource]));
    expect(differencesOf(typesOfAnswer({ ...envelope, [resource]: [] }), typesOfEnvelope(document))).toEqual(
      keysOf(envelopeDifferences[resource]),
    );
  });

  test.each(entityTypes.map(([, resource]) => resource))(
    '%s are moved by the documented calls, to documented states',
    async (resource) => {
      const { posts = [], statuses } = documentOf(resource);
      const seen = new Set<unknown>();
      const look = async (): Promise<void> => {
        const { [resource]: rows } = await read<Record<string, Fields[]>>(resource);
        for (const { status } of rows ?? []) if (status !== undefined) seen.add(status);
      };
      await look();
      for (const post of posts) {
        await write('POST', post.slice(1).replace(/\{\w+\}/, ids[resource] ?? ''));
        await look();
      }
      const words = wordsOf(statuses);
      expect([...seen].filter((status) => !words.includes(String(status)))).toEqual(
        doubleStatusDifferences[resource] ?? [],
      );
    },
  );

  test('a contact is not moved by a call that the document does not have', async () => {
    const { apiBaseUrl, accountId, accessToken } = zoho.account;
    const path = `contacts/${ids['contacts'] ?? ''}/status/inactive`;
    const response = await fetch(`${apiBaseUrl}/books/v3/${path}?organization_id=${accountId}`, {
      method: 'POST',
      headers: { authorization: `Zoho-oauthtoken ${accessToken}` },
    });
    expect(await response.json()).toMatchObject({ code: 5 });
  });

  test.each(entityTypes)(
    'the client reads %s by documented paths and parameters',
    async (entityType, resource) => {
      const sent: URL[] = [];
      const real = call();
      const recording: VendorCall = {
        ...real,
        request: (request) => {
          sent.push(new URL(request.url));
          return real.request(request);
        },
      };
      await source.poll(recording, entityType, source.startPosition(entityType, Date.now()));
      await source.fetchEntities(recording, entityType, ['1']);
      const { list, get = '', query, sortColumns } = documentOf(resource);
      expect(sent.map(({ pathname }) => pathname.split('/books/v3')[1])).toEqual([
        list,
        get.replace(/\{\w+\}/, '1'),
      ]);
      const used = new Set(sent.flatMap(({ searchParams }) => [...searchParams.keys()]));
      expect([...used]).toEqual(expect.arrayContaining(['organization_id', 'page', 'per_page']));
      expect([...used].filter((name) => !wordsOf(query).includes(name))).toEqual(
        keysOf(queryDifferences[resource]),
      );
      const sorted = sent.flatMap(({ searchParams }) => searchParams.getAll('sort_column'));
      expect(wordsOf(sortColumns)).toEqual(expect.arrayContaining(sorted));
    },
  );

  test('the client lists organisations by the documented path, without parameters', async () => {
    const sent: string[] = [];
    const real = authCall({ region: zoho.account.region });
    const request = (wanted: VendorRequest): Promise<VendorResponse> => {
      sent.push(wanted.url.split('/books/v3')[1] ?? '');
      return real.request(wanted);
    };
    const accounts = await auth.listAccounts({ ...real, request }, zoho.account.accessToken);
    expect(accounts).toMatchObject([{ accountId: zoho.account.accountId, displayName: 'Contract GmbH' }]);
    expect(sent).toEqual([documentOf('organizations').list]);
  });

  test.each(entityTypes)('the client finds %s under the documented names', async (entityType, resource) => {
    const { listKey, key = '', get } = documentOf(resource);
    const answering = (body: object): VendorCall => ({
      ...call(),
      request: () =>
        Promise.resolve({
          status: 200,
          headers: {},
          body: JSON.stringify({ code: 0, message: 'success', ...body }),
        }),
    });
    const record = { [idFieldOf(get)]: '1' };
    const position = source.startPosition(entityType, Date.now());
    const page = await source.poll(answering({ [listKey]: [record] }), entityType, position);
    expect(page.listed).toMatchObject([{ entityType, entityId: '1' }]);
    const found = await source.fetchEntities(answering({ [key]: record }), entityType, ['1']);
    expect(found.get('1')).toMatchObject({ entityType, value: record });
  });
});

test('the scopes that are asked for are those that the documents want for reading', () => {
  expect([...auth.scopes].sort()).toEqual(
    Object.values(documents)
      .map(({ scope }) => scope)
      .sort(),
  );
});

test.each(entityTypes)(
  'fixtures of %s have documented properties only, save the known differences',
  (entityType, resource) => {
    const document = typesOfRecord(documentOf(resource));
    const found = fixturesOf(entityType).flatMap((entity) => typesOfAnswer(entity));
    expect(differencesOf(found, document)).toEqual(keysOf(fixtureDifferences[resource]));
  },
);

test.each(entityTypes)(
  'the mapper looks at documented properties of %s only, save the known differences',
  (entityType, resource) => {
    const seen = new Set<string>();
    for (const entity of [...fixturesOf(entityType), ...rarer(entityType)])
      for (const field of fieldsRead(entity, (value) => map(entityType, value))) seen.add(field);
    expect(seen.size).toBeGreaterThan(5);
    expect(unnamedOf(seen, typesOfRecord(documentOf(resource)))).toEqual(keysOf(readDifferences[resource]));
  },
);

test.each(entityTypes.filter(([, resource]) => resource in statusDifferences))(
  'the mapper knows the documented states of %s, save the known differences',
  (entityType, resource) => {
    const differences = statusDifferences[resource];
    const [entity] = fixturesOf(entityType);
    const everyWord = Object.values(documents).flatMap(({ statuses }) => wordsOf(statuses));
    const moreWords = Object.values(statusDifferences).flatMap(({ more }) => more);
    const isKnown = (status: string): boolean => {
      try {
        map(entityType, { ...entity, status });
        return true;
      } catch {
        return false;
      }
    };
    const documented = wordsOf(documentOf(resource).statuses);
    const others = [...new Set([...everyWord, ...moreWords])].filter((word) => !documented.includes(word));
    expect(documented.filter((word) => !isKnown(word))).toEqual(differences?.refused);
    expect(others.filter(isKnown).sort()).toEqual(differences?.more);
  },
);
