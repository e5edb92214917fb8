import type { MessageCommand } from '#libs/contracts';
import { addDecimals, type Money } from '#libs/core';
import { getCountryCallingCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { Flow } from '../definition/flow.js';
import type { EvaluationInput, MessageSize } from './evaluation.js';

/** How many segments a text message has and about what they cost; null for e-mails and where nobody measures. */
export function sizeOf(
  command: Pick<MessageCommand, 'channel' | 'to' | 'body'>,
  {
    flow,
    input,
  }: { readonly flow: Pick<Flow, 'smsPrices'>; readonly input: Pick<EvaluationInput, 'measure'> },
): MessageSize | null {
  if (command.channel !== 'sms' || !input.measure) return null;
  const measure = input.measure(command.body);
  const price = priceOf(command.to, flow.smsPrices);
  return { ...measure, cost: price && times(price, measure.segments) };
}

/** In `smsPrice`: every country without a price of its own. */
export const ANYWHERE_ELSE = '*';

/** The size in words for the trail, e.g. `2 segments (GSM-7), about 0.08 GBP`. */
export function describeSize({ segments, encoding, cost }: MessageSize): string {
  const counted = `${segments} ${segments === 1 ? 'segment' : 'segments'} (${encoding})`;
  return cost === null ? counted : `${counted}, about ${cost.amount} ${cost.currency}`;
}

/** By the country of the number, else by one that shares its calling code (Guernsey's are called as Britain's), else `*`. */
function priceOf(to: string, prices: Flow['smsPrices']): Money | null {
  const phone = parsePhoneNumberFromString(to);
  const own = prices.get(phone?.country ?? '');
  if (own || !phone) return own ?? prices.get(ANYWHERE_ELSE) ?? null;
  const neighbour = [...prices].find(
    ([country]) => isSupportedCountry(country) && getCountryCallingCode(country) === phone.countryCallingCode,
  );
  return neighbour?.[1] ?? prices.get(ANYWHERE_ELSE) ?? null;
}

/** Exact, without multiplication: a text has few segments. */
function times(price: Money, count: number): Money {
  const prices = Array.from({ length: count }, () => price.amount);
  return { ...price, amount: prices.reduce((sum, amount) => addDecimals(sum, amount), '0') };
}
