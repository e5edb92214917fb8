import {
  badAnswer,
  type VendorCall,
  type VendorContacts,
  VendorError,
  type VendorRequest,
} from '#libs/vendor-kit';
import { z } from 'zod';
import { settingsOf } from './twilio.settings.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
const bulkAnswer = z.object({ items: z.array(z.object({ error_code: z.number() })) });

/**
 * Contacts as items of a Sync Map of the connection (sync.twilio.com; GA, with read-back). Twilio has no book of contacts with
 * preferences that can be relied on; Sync is what comes nearest (vendors/twilio.md section 4). The one list that Twilio itself
 * obeys, its block list, is told of opt-outs by Bulk Consents, a pilot: only where the connection says that it has it.
 */
export const twilioContacts: VendorContacts = {
  isSetUp: ({ settings }) => settings['syncServiceSid'] !== undefined,
  tellsOptOuts: ({ settings }) =>
    settings['bulkConsents'] === 'on' && (settings['messagingServiceSid'] ?? settings['from']) !== undefined,

  async put(call, { key, ...data }) {
    const body = form({ Data: JSON.stringify(data) });
    if ((await write(call, `/Items/${encodeURIComponent(key)}`, body, [404])).status !== 404) return;
    const created = form({ Key: key, Data: JSON.stringify(data) });
    const answer = await write(call, '/Items', created, [404]);
    if (answer.status !== 404) return;
    await makeMap(call);
    await write(call, '/Items', created, []);
  },

  async remove(call, key) {
    await call.request({
      operation: 'sync-items.delete',
      operationClass: 'write',
      method: 'DELETE',
      url: `${mapUrl(call)}/Items/${encodeURIComponent(key)}`,
      repeatable: true,
      expect: [404],
    });
  },

  async tellOptOut(call, { phone, correlationId, at }) {
    const { messagingServiceSid, from } = call.connection.settings;
    const request: VendorRequest = {
      operation: 'consents.bulk',
      operationClass: 'write',
      method: 'POST',
      url: `${call.baseUrls['accounts']}/v1/Consents/Bulk`,
      headers: FORM,
      body: form({
        Items: JSON.stringify({
          contact_id: phone,
          correlation_id: correlationId,
          sender_id: messagingServiceSid ?? from,
          status: 'opt-out',
          source: 'others',
          date_of_consent: new Date(at).toISOString(),
        }),
      }),
      // The same opt-out twice is one.
      repeatable: true,
    };
    const answer = bulkAnswer.safeParse(parseJson((await call.request(request)).body));
    // 201 says only that the request was read; each item has its own result.
    if (!answer.success || answer.data.items.some(({ error_code: code }) => code !== 0))
      throw badAnswer('twilio', request, 'an opt-out that was not taken');
  },
};

function mapUrl(call: VendorCall): string {
  const { syncServiceSid = '' } = settingsOf(call.connection, 'sync-items.put');
  const { connectionId } = call.connection;
  const service = `${call.baseUrls['sync']}/v1/Services/${encodeURIComponent(syncServiceSid)}`;
  return `${service}/Maps/${encodeURIComponent(mapName(connectionId))}`;
}

/** One for each connection, so that two of them may share a Sync Service. */
function mapName(connectionId: string): string {
  return `contacts-${connectionId}`;
}

function write(call: VendorCall, path: string, body: string, expect: readonly number[]) {
  return call.request({
    operation: 'sync-items.put',
    operationClass: 'write',
    method: 'POST',
    url: mapUrl(call) + path,
    headers: FORM,
    body,
    repeatable: true,
    expect,
  });
}

async function makeMap(call: VendorCall): Promise<void> {
  const url = mapUrl(call);
  const { status } = await call.request({
    operation: 'sync-maps.create',
    operationClass: 'write',
    method: 'POST',
    url: url.slice(0, url.lastIndexOf('/')),
    headers: FORM,
    body: form({ UniqueName: mapName(call.connection.connectionId) }),
    repeatable: true,
    // 409: somebody else was quicker.
    expect: [404, 409],
  });
  if (status === 404)
    throw new VendorError('the account has no Sync Service with the SID in syncServiceSid', {
      code: 'vendor-misconfigured',
      disposition: 'park',
      vendor: 'twilio',
      effect: 'none',
      operation: 'sync-maps.create',
    });
}

function form(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
