import type { FastifyInstance } from 'fastify';
import { Form } from './form.js';
import { rfc2822 } from './messages/message.js';
import type { TwilioAccount, TwilioNumber } from './twilio-account.js';
import { sendJson, sendTwilioProblem } from './twilio-reply.js';

type WithFile = { Params: { file: string } };

/** The account itself and its phone numbers: what a connection check and a set-up of inbound URLs need. */
export function addAccountRoutes(server: FastifyInstance, account: TwilioAccount): void {
  const createdAt = Date.UTC(2026, 0, 1);

  server.get('/Accounts/:AccountSid', (_request, reply) =>
    sendJson(reply, 200, {
      sid: account.sid,
      friendly_name: 'Ledgerwire (sandbox)',
      status: 'active',
      type: 'Full',
      owner_account_sid: account.sid,
      date_created: rfc2822(createdAt),
      date_updated: rfc2822(createdAt),
      uri: `/2010-04-01/Accounts/${account.sid}.json`,
      subresource_uris: { messages: `/2010-04-01/Accounts/${account.sid}/Messages.json` },
    }),
  );

  server.get('/Accounts/:AccountSid/IncomingPhoneNumbers.json', (request, reply) => {
    const wanted = Form.ofQuery(request).text('PhoneNumber');
    const numbers = account.numbers.filter(({ number }) => wanted === undefined || number === wanted);
    const uri = `/2010-04-01/Accounts/${account.sid}/IncomingPhoneNumbers.json`;
    return sendJson(reply, 200, {
      end: Math.max(numbers.length - 1, 0),
      first_page_uri: `${uri}?PageSize=50&Page=0`,
      incoming_phone_numbers: numbers.map((number) => numberView(account, number)),
      next_page_uri: null,
      page: 0,
      page_size: 50,
      previous_page_uri: null,
      start: 0,
      uri: `${uri}?PageSize=50&Page=0`,
    });
  });

  server.post<WithFile>('/Accounts/:AccountSid/IncomingPhoneNumbers/:file', (request, reply) => {
    const number = account.numbers.find(({ sid }) => sid === request.params.file.replace(/\.json$/, ''));
    if (!number) return sendTwilioProblem(reply, 20404, request.url);
    const form = Form.ofBody(request);
    number.smsUrl = form.raw('SmsUrl') ?? number.smsUrl;
    const method = form.text('SmsMethod')?.toUpperCase();
    if (method === 'GET' || method === 'POST') number.smsMethod = method;
    return sendJson(reply, 200, numberView(account, number));
  });
}

function numberView(account: TwilioAccount, number: TwilioNumber): Record<string, unknown> {
  return {
    sid: number.sid,
    account_sid: account.sid,
    phone_number: number.number,
    friendly_name: number.number,
    sms_url: number.smsUrl,
    sms_method: number.smsMethod,
    capabilities: { voice: true, sms: true, mms: false, fax: false },
    api_version: '2010-04-01',
    status: 'in-use',
    uri: `/2010-04-01/Accounts/${account.sid}/IncomingPhoneNumbers/${number.sid}.json`,
  };
}
