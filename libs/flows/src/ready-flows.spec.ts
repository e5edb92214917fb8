import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AccountingRecord, Contact } from '#libs/contracts';
import {
  checkFlow,
  type Flow,
  type FlowPreview,
  InlineRenderer,
  parseFlow,
  previewFlow,
  retargetFlow,
  SAMPLE_NOW,
  sampleSource,
  sampleTarget,
  triggers,
} from './index.js';
import { sampleSubject } from './samples/sample-subjects.js';

const directory = new URL('../../../flows/', import.meta.url);
const files = readdirSync(directory).filter((name) => name.endsWith('.yaml'));
const renderer = new InlineRenderer();

function read(file: string): string {
  return readFileSync(new URL(file, directory), 'utf8');
}

/** The ready flow for the sample company. */
function sampled(file: string): Flow {
  const to = { workspace: 'sample-workspace', source: 'sample-books', target: 'sample-twilio' };
  const parsed = parseFlow(retargetFlow(read(file), to));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.flow;
}

/** Segments of the customers and vendors that the ready flows tell apart. */
const segments: readonly Partial<Contact>[] = [
  {},
  { phones: [] },
  { groups: ['Corporate'] },
  { groups: ['Key accounts'] },
  { tracking: [{ category: 'Region', option: 'South' }] },
];

function previewAll(
  flow: Flow,
  change: (record: AccountingRecord) => AccountingRecord,
): Promise<FlowPreview[]> {
  const names = [...new Set(flow.steps.map(({ trigger }) => trigger))];
  return Promise.all(
    names.flatMap((trigger) =>
      [...segments, ...namesOnLists(flow)].map((segment) => {
        const { record, contact, contactId, invoice } = sampleSubject(trigger);
        const person = contact && {
          ...record,
          entityId: contactId ?? '',
          contact: { ...contact, ...segment },
        };
        const previous = trigger.endsWith('.changed') ? withOtherEmail(record) : null;
        return previewFlow(flow, change(recordFor(trigger, segmented(record, segment))), {
          previous,
          contact: person,
          invoice,
          sourceConnection: sampleSource,
          targetConnection: sampleTarget,
          now: SAMPLE_NOW,
          measure: (text) => ({
            encoding: 'GSM-7',
            units: text.length,
            segments: Math.ceil(text.length / 153),
          }),
          renderer,
        });
      }),
    ),
  );
}

/** Contacts that the flow's lists name. */
function namesOnLists({ steps }: Flow): Partial<Contact>[] {
  const lists = steps.flatMap(({ branches }) =>
    branches.flatMap(({ delivery }) => delivery.recipients.lists),
  );
  return lists.flatMap(({ entries }) => entries.flatMap(({ names }) => names.map((name) => ({ name }))));
}

function segmented(record: AccountingRecord, segment: Partial<Contact>): AccountingRecord {
  return { ...record, contact: record.contact && { ...record.contact, ...segment } };
}

/** The state of the sample in which its trigger comes about. */
function recordFor(trigger: keyof typeof triggers, record: AccountingRecord): AccountingRecord {
  const { invoice } = record;
  if (!invoice) return record;
  if (trigger === 'invoice.paid')
    return { ...record, invoice: { ...invoice, status: 'paid', amountDue: '0' } };
  if (trigger === 'bill.awaiting-approval')
    return { ...record, invoice: { ...invoice, status: 'submitted' } };
  return record;
}

function withOtherEmail(record: AccountingRecord): AccountingRecord {
  return { ...record, contact: record.contact && { ...record.contact, email: 'former@example.com' } };
}

const same = (record: AccountingRecord): AccountingRecord => record;

function large(record: AccountingRecord): AccountingRecord {
  const invoice = record.invoice && {
    ...record.invoice,
    total: '25000',
    amountDue: '25000',
    lines: record.invoice.lines.map((line) => ({
      ...line,
      tracking: [{ category: 'Region', option: 'South' }],
    })),
  };
  return { ...record, invoice };
}

describe('ready flows', () => {
  it.each(files)('%s is a flow whose templates render with full and sparse records', async (file) => {
    const checked = await checkFlow(read(file), renderer);
    expect(checked).toMatchObject({ ok: true, flow: { id: file.replace('.yaml', '') } });
  });

  it.each(files)('%s sends something from each of its steps for some customer or vendor', async (file) => {
    const flow = sampled(file);
    const previews = [...(await previewAll(flow, same)), ...(await previewAll(flow, large))];
    const speaking = new Set(previews.flatMap(({ messages }) => messages.map(({ stepId }) => stepId)));
    expect(flow.steps.map(({ id }) => id).filter((id) => !speaking.has(id))).toEqual([]);
    const reasons = previews.flatMap(({ silences }) => silences.map(({ reason }) => reason));
    expect(reasons).not.toContain('template-error');
  });

  it.each(files)('%s keeps its text messages within three segments', async (file) => {
    const previews = await previewAll(sampled(file), same);
    const sizes = previews.flatMap(({ messages }) => messages.flatMap(({ size }) => size?.segments ?? []));
    expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(3);
  });
});
