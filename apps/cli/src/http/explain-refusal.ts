import { z } from 'zod';
import type { Address } from '../config/addresses.js';
import { oneLine } from '../output/table.js';

const issue = z.looseObject({
  message: z.string(),
  path: z.array(z.union([z.string(), z.number()])).optional(),
});
/** What our services and Nest itself answer with. */
const refusalBody = z.looseObject({
  message: z.union([z.string(), z.array(z.union([z.string(), issue]))]),
});

/** One sentence on why a service refused, and what to do about it. */
export function explainRefusal(service: string, address: Address, status: number, body: unknown): string {
  const words = wordsOf(body);
  switch (status) {
    case 401:
    case 403:
      return `${service} at ${address.url} refuses the token (${address.source}).`;
    case 429:
    case 503:
      return `${service} cannot answer at the moment${words === '' ? '' : `: ${words}`} Try again in a moment.`;
    default:
      return words === '' ? `${service} answered ${status} at ${address.url}.` : words;
  }
}

function wordsOf(body: unknown): string {
  const parsed = refusalBody.safeParse(body);
  if (!parsed.success) return '';
  const { message } = parsed.data;
  const words =
    typeof message === 'string'
      ? message
      : message
          .map((one) =>
            typeof one === 'string' ? one : `${(one.path ?? []).join('.') || 'the request'} ${one.message}`,
          )
          .join('; ');
  const sentence = oneLine(words);
  return /[.!?]$/.test(sentence) || sentence === '' ? sentence : `${sentence}.`;
}
