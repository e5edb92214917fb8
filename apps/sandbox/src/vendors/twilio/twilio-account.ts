import { fixedSid } from '../../kit/ids.js';

/** A phone number of the account. */
export interface TwilioNumber {
  readonly sid: string;
  /** E.164. */
  readonly number: string;
  readonly isoCountry: string;
  smsUrl: string;
  smsMethod: 'GET' | 'POST';
}

/** The one account of the double, with its credentials; the same in every run. */
export interface TwilioAccount {
  readonly sid: string;
  /** Signs webhooks; promoted by the Accounts API. */
  authToken: string;
  secondaryToken: string | undefined;
  /** Secrets by key SID. Keys authenticate; they never sign. */
  readonly keys: Map<string, string>;
  readonly numbers: TwilioNumber[];
}

/** The account of the default world. */
export function defaultAccount(): TwilioAccount {
  const number = (e164: string, isoCountry: string): TwilioNumber => ({
    sid: fixedSid('PN', `twilio number ${e164}`),
    number: e164,
    isoCountry,
    smsUrl: '',
    smsMethod: 'POST',
  });
  return {
    sid: fixedSid('AC', 'twilio account'),
    authToken: fixedSid('', 'twilio auth token'),
    secondaryToken: undefined,
    keys: new Map([[fixedSid('SK', 'twilio api key'), fixedSid('', 'twilio api key secret')]]),
    numbers: [number('+6421555000', 'NZ'), number('+12025550100', 'US'), number('+447400555000', 'GB')],
  };
}
