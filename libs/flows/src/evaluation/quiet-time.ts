import { addDays, companyDate, companyInstant, type RestDays } from '../timing/company-time.js';
import { firstAllowed, quietSpans } from '../timing/quiet-hours.js';
import { possibleZones } from '../timing/recipient-zones.js';
import type { EpochMs, QuietSpan } from '#libs/contracts';
import type { Flow, QuietHours } from '../definition/flow.js';
import type { EvaluationInput } from './evaluation.js';
import type { Occasion } from './occasion.js';
import type { Addressee } from './recipient-addresses.js';

const DEFAULT_MORNING = '09:00';

/** As long as a record may be parked, and a day: after that a command is a dead letter, or sent. */
const SPANS_OF_DAYS = 8;
const DAY_MS = 86_400_000;

/** When a message may leave that quiet hours hold back: an instant, or null when they never end; `now`: at once. */
export function allowedFrom(
  addressee: Addressee & { readonly ok: true },
  occasion: Occasion,
): EpochMs | null {
  const { now } = occasion.input;
  const held = quietFor(addressee, occasion);
  return held ? firstAllowed(held.quiet, now, held.zones, held.rest) : now;
}

/** The quiet hours that hold for a message in the days to come, for what leaves later than planned; none: it may always leave. */
export function spansFor(addressee: Addressee & { readonly ok: true }, occasion: Occasion): QuietSpan[] {
  const held = quietFor(addressee, occasion);
  if (!held) return [];
  const { now } = occasion.input;
  return spansOfDay(occasion.flow, held, now - (now % DAY_MS)).filter(({ until }) => until > now);
}

interface HeldBy {
  readonly quiet: QuietHours;
  readonly zones: readonly string[];
  readonly rest: RestDays;
}

function quietFor(addressee: Addressee & { readonly ok: true }, occasion: Occasion): HeldBy | undefined {
  const { flow, step, input, subject } = occasion;
  const quiet = flow.quietHours;
  if (!quiet || step.urgent || input.ignoreQuiet === true || !quiet.channels.includes(addressee.channel))
    return undefined;
  if (addressee.kind === 'staff' && !quiet.staff) return undefined;
  const contact = addressee.isContact ? subject.contact : null;
  const phone = addressee.channel === 'sms' ? addressee.address : null;
  const where = { timeZone: contact?.timeZone ?? null, region: contact?.region ?? null };
  const zones =
    addressee.kind === 'staff' ? [] : possibleZones({ ...where, country: contact?.country ?? null, phone });
  const { timeZone, country } = input.sourceConnection;
  const rest = { country: contact?.country ?? country, holidays: flow.holidays };
  return { quiet, zones: zones.length > 0 ? zones : [timeZone], rest };
}

interface DaysSpans {
  readonly day: EpochMs;
  readonly byPlace: Map<string, QuietSpan[]>;
}

/** A flow's messages of one day share a few places, and a week of clocks takes as long to compute as the rest of a message. */
const known = new WeakMap<Flow, DaysSpans>();

function spansOfDay(flow: Flow, { quiet, zones, rest }: HeldBy, day: EpochMs): QuietSpan[] {
  const last = known.get(flow);
  const ofDay = last?.day === day ? last : { day, byPlace: new Map<string, QuietSpan[]>() };
  known.set(flow, ofDay);
  const place = `${rest.country ?? ''}/${zones.join()}`;
  const spans =
    ofDay.byPlace.get(place) ?? quietSpans(quiet, { from: day, days: SPANS_OF_DAYS }, zones, rest);
  ofDay.byPlace.set(place, spans);
  return spans;
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
