import { addDays, companyDate, companyInstant } from '../timing/company-time.js';
import { firstAllowed } from '../timing/quiet-hours.js';
import { possibleZones } from '../timing/recipient-zones.js';
import type { EpochMs } from '#libs/contracts';
import type { Flow } from '../definition/flow.js';
import type { EvaluationInput } from './evaluation.js';
import type { Occasion } from './occasion.js';
import type { Addressee } from './recipient-addresses.js';

const DEFAULT_MORNING = '09:00';

/** When a message may leave that quiet hours hold back: an instant, or null when they never end; `now`: at once. */
export function allowedFrom(
  addressee: Addressee & { readonly ok: true },
  occasion: Occasion,
): EpochMs | null {
  const { flow, step, input, subject } = occasion;
  const quiet = flow.quietHours;
  if (!quiet || step.urgent || input.ignoreQuiet === true || !quiet.channels.includes(addressee.channel))
    return input.now;
  if (addressee.kind === 'staff' && !quiet.staff) return input.now;
  const contact = addressee.isContact ? subject.contact : null;
  const phone = addressee.channel === 'sms' ? addressee.address : null;
  const where = { timeZone: contact?.timeZone ?? null, region: contact?.region ?? null };
  const zones =
    addressee.kind === 'staff' ? [] : possibleZones({ ...where, country: contact?.country ?? null, phone });
  const { timeZone, country } = input.sourceConnection;
  const rest = { country: contact?.country ?? country, holidays: flow.holidays };
  return firstAllowed(quiet, input.now, zones.length > 0 ? zones : [timeZone], rest);
}

/**
 * When a message that is one too many today is looked at again: the next morning by the company's clocks, when its quiet
 * hours end or at nine.
 */
export function nextMorning(
  flow: Flow,
  { now, sourceConnection }: Pick<EvaluationInput, 'now' | 'sourceConnection'>,
): EpochMs {
  const { timeZone } = sourceConnection;
  const tomorrow = addDays(companyDate(now, timeZone), 1);
  return companyInstant(tomorrow, flow.quietHours?.to ?? DEFAULT_MORNING, timeZone);
}
