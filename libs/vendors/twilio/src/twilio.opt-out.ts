import type { CommunicationEvent } from '#libs/vendor-kit';

type OptOutType = NonNullable<CommunicationEvent['optOutType']>;

/** Words to which Twilio itself reacts when they are the whole text (support article 223134027 and "Advanced Opt-Out"). */
const words: Readonly<Record<OptOutType, readonly string[]>> = {
  STOP: ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT'],
  START: ['START', 'YES', 'UNSTOP'],
  HELP: ['HELP', 'INFO'],
};
const types: readonly OptOutType[] = ['STOP', 'START', 'HELP'];

/** What the sender of a message wants: by Twilio's parameter where Advanced Opt-Out is on, else by the text. */
export function optOutTypeOf(parameter: string | undefined, body: string | null): OptOutType | null {
  const named = types.find((type) => type === parameter?.toUpperCase());
  if (named) return named;
  const text = (body ?? '').trim().toUpperCase();
  return types.find((type) => words[type].includes(text)) ?? null;
}
