import type { AccountingRecord, EpochMs } from '#libs/contracts';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { parseFlow } from '../definition/parse-flow.js';
import type { Flow } from '../definition/flow.js';
import { addDays, companyDate, companyInstant, daysBetween, toWorkingDay } from '../timing/company-time.js';
import { SAMPLE_NOW, sampleInvoice, sampleSource } from '../samples/sample-records.js';
import { planReminders, type ReminderChanges } from './plan-reminders.js';
import { parseReminderKey, reminderKeyOf } from './reminder.js';

function flowWith(...lines: string[]): Flow {
  const parsed = parseFlow(`apiVersion: ledgerwire/v1
id: reminders
name: Reminders
workspace: acme
source: sample-books
target: phone
steps:
  - id: overdue
    when: invoice.overdue
    days: [3, 10]
    to: customer
    channel: sms
    template: pay
${lines.map((line) => `    ${line}\n`).join('')}`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.flow;
}

function plan(
  record: AccountingRecord,
  previous: AccountingRecord | null = null,
  flow = flowWith(),
  now: EpochMs = SAMPLE_NOW,
): ReminderChanges {
  return planReminders(flow, { record, previous, sourceConnection: sampleSource, now });
}

const KEY_3 = 'reminder/sample-books/sample-invoice/reminders/overdue/3';
const KEY_10 = 'reminder/sample-books/sample-invoice/reminders/overdue/10';
const issued = sampleInvoice({ dueDate: '2026-12-05' });

describe('planReminders', () => {
  it('sets a timer for each number of days at the local hour', () => {
    expect(plan(issued)).toEqual({
      reminders: [
        {
          flowId: 'reminders',
          stepId: 'overdue',
          days: 3,
          connectionId: 'sample-books',
          invoiceId: 'sample-invoice',
          key: KEY_3,
          recheckToken: KEY_3,
          fireAt: Date.UTC(2026, 11, 8, 9),
          businessEvent: 'invoice/sample-invoice/overdue/3d',
        },
        expect.objectContaining({ key: KEY_10, fireAt: Date.UTC(2026, 11, 15, 9) }),
      ],
      cancel: [],
      skips: [],
    });
  });

  it('counts back from the due date for due-soon', () => {
    const flow = flowWith();
    const soon = {
      ...flow,
      steps: flow.steps.map((step) => ({ ...step, trigger: 'invoice.due-soon' as const })),
    };
    expect(plan(issued, null, soon).reminders).toMatchObject([
      { fireAt: Date.UTC(2026, 11, 2, 9), businessEvent: 'invoice/sample-invoice/due-soon/3d' },
      { fireAt: Date.UTC(2026, 10, 25, 9) },
    ]);
  });

  it('changes nothing while the due date stands and the invoice stays open', () => {
    const partPaid = sampleInvoice({ dueDate: '2026-12-05', amountDue: '10', amountPaid: '1240.5' });
    expect(plan(partPaid, issued)).toEqual({ reminders: [], cancel: [], skips: [] });
  });

  it('moves the timers when the due date moves', () => {
    const moved = sampleInvoice({ dueDate: '2027-01-05' });
    expect(plan(moved, issued).reminders).toMatchObject([
      { key: KEY_3, fireAt: Date.UTC(2027, 0, 8, 9) },
      { key: KEY_10, fireAt: Date.UTC(2027, 0, 15, 9) },
    ]);
  });

  it.each([
    ['paid', sampleInvoice({ status: 'paid', amountDue: '0' })],
    ['credited in full', sampleInvoice({ amountDue: '0', amountCredited: '1250.5' })],
    ['voided', sampleInvoice({ status: 'voided' })],
    ['deleted', sampleInvoice({}, { deleted: true })],
    ['without a due date', sampleInvoice({ dueDate: null })],
  ])('clears the timers of an invoice that is %s', (_, record) => {
    expect(plan(record, issued)).toMatchObject({ reminders: [], cancel: [KEY_3, KEY_10] });
  });

  it.each([
    ['a draft', sampleInvoice({ status: 'draft' })],
    ["a supplier's bill", sampleInvoice({ kind: 'purchase' })],
    ['an invoice that was paid when first seen', sampleInvoice({ status: 'paid', amountDue: '0' })],
  ])('plans and clears nothing for %s', (_, record) => {
    expect(plan(record)).toEqual({ reminders: [], cancel: [], skips: [] });
  });

  it('plans anew when a payment is taken back', () => {
    const paid = sampleInvoice({ status: 'paid', amountDue: '0', dueDate: '2026-12-05' });
    expect(plan(issued, paid).reminders).toHaveLength(2);
  });

  it('says that an invoice without a due date gets no reminders', () => {
    expect(plan(sampleInvoice({ dueDate: null })).skips).toMatchObject([
      { reason: 'no-due-date', stepId: 'overdue' },
    ]);
  });

  it('fires at once what is just past, and skips as too late what is long past', () => {
    const imported = sampleInvoice({ dueDate: '2026-11-10' });
    const changes = plan(imported);
    expect(changes.reminders).toMatchObject([{ days: 10, fireAt: SAMPLE_NOW }]);
    expect(changes.skips).toMatchObject([
      { reason: 'too-late', businessEvent: 'invoice/sample-invoice/overdue/3d' },
    ]);
    expect(plan(imported, null, flowWith('catchUp: 10d')).reminders).toMatchObject([
      { days: 3, fireAt: SAMPLE_NOW },
      { days: 10 },
    ]);
  });

  it('plans nothing, says so once, and clears what was planned when the flow is off', () => {
    const off = { ...flowWith(), enabled: false };
    expect(plan(issued, null, off)).toMatchObject({
      reminders: [],
      cancel: [],
      skips: [{ stepId: 'overdue', reason: 'flow-disabled' }],
    });
    expect(plan(issued, issued, off).skips).toEqual([]);
    expect(plan(issued, issued, off).cancel).toEqual([KEY_3, KEY_10]);
  });

  it('ignores a state that is older than the one that was handled', () => {
    expect(plan(issued, { ...issued, version: issued.version + 1, invoice: null })).toEqual({
      reminders: [],
      cancel: [],
      skips: [],
    });
  });

  it('moves what would fall on a weekend to the next working day of the country', () => {
    const flow = flowWith('businessDays: true');
    const wednesday = sampleInvoice({ dueDate: '2026-12-09' });
    expect(plan(wednesday, null, flow).reminders[0]?.fireAt).toBe(Date.UTC(2026, 11, 14, 9));
    expect(toWorkingDay('2026-12-11', { country: 'SA', holidays: new Set() })).toBe('2026-12-13');
    expect(toWorkingDay('2026-12-12', { country: null, holidays: new Set() })).toBe('2026-12-14');
    expect(toWorkingDay('2026-12-14', { country: 'GB', holidays: new Set() })).toBe('2026-12-14');
    const holidays = new Set(['2026-12-25', '2026-12-28']);
    expect(toWorkingDay('2026-12-25', { country: 'GB', holidays })).toBe('2026-12-29');
  });
});

describe('reminder keys', () => {
  it('are read back as they were made, whatever the ids are', () => {
    fc.assert(
      fc.property(
        fc.record({
          flowId: fc.string({ minLength: 1 }),
          stepId: fc.string({ minLength: 1 }),
          connectionId: fc.string({ minLength: 1 }),
          invoiceId: fc.string({ minLength: 1 }),
          days: fc.nat({ max: 365 }),
        }),
        (reference) => {
          expect(parseReminderKey(reminderKeyOf(reference))).toEqual(reference);
        },
      ),
    );
  });

  it.each([
    '',
    'x',
    'reminder/a/b/c/d',
    'reminder/a/b/c/d/e',
    'reminder/a/b/c/d/3/f',
    'other/a/b/c/d/3',
    'reminder/%/b/c/d/3',
  ])('are not found in %j', (key) => {
    expect(parseReminderKey(key)).toBeNull();
  });
});

const ZONES = Intl.supportedValuesOf('timeZone');
const date = fc
  .date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2035-12-31T00:00:00Z'), noInvalidDate: true })
  .map((day) => day.toISOString().slice(0, 10));
const time = fc
  .tuple(fc.nat({ max: 23 }), fc.nat({ max: 59 }))
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);

describe('company time', () => {
  it('shows the wanted day and hour on the clocks of any zone, or the end of the gap where clocks leave it out', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), date, time, (zone, day, at) => {
        const local = Temporal.Instant.fromEpochMilliseconds(companyInstant(day, at, zone))
          .toZonedDateTimeISO(zone)
          .toPlainDateTime();
        const wanted = Temporal.PlainDateTime.from(`${day}T${at}`);
        const late = wanted.until(local, { largestUnit: 'minute' }).total('minute');
        // The longest gap since 2020 is Casey station's three hours.
        expect(late).toBeGreaterThanOrEqual(0);
        expect(late).toBeLessThanOrEqual(180);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the order of days in any zone', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        date,
        time,
        fc.integer({ min: 1, max: 365 }),
        (zone, day, at, days) => {
          expect(companyInstant(addDays(day, days), at, zone)).toBeGreaterThan(companyInstant(day, at, zone));
          expect(daysBetween(day, addDays(day, days))).toBe(days);
        },
      ),
    );
  });

  it('takes the first of an hour that comes twice, and the hour after one that is left out', () => {
    expect(companyInstant('2026-10-25', '01:30', 'Europe/London')).toBe(Date.UTC(2026, 9, 25, 0, 30));
    expect(companyInstant('2026-03-29', '01:30', 'Europe/London')).toBe(Date.UTC(2026, 2, 29, 1, 30));
    expect(companyInstant('2026-10-04', '02:15', 'Australia/Lord_Howe')).toBe(Date.UTC(2026, 9, 3, 15, 45));
  });

  it('knows what day it is for the company', () => {
    expect(companyDate(Date.UTC(2026, 11, 31, 11), 'Pacific/Auckland')).toBe('2027-01-01');
    expect(companyDate(Date.UTC(2026, 11, 31, 11), 'Pacific/Pago_Pago')).toBe('2026-12-31');
  });

  it('says what is wrong with a zone that is none', () => {
    expect(() => companyDate(0, 'Mars/Olympus')).toThrow(
      expect.objectContaining({ code: 'invalid-time-zone', disposition: 'dead-letter' }) as Error,
    );
  });
});
