import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConditionInput, conditionSchema, toCondition } from './condition.schema.js';
import { type ConditionFacts, evaluateCondition, type Verdict } from './evaluate-condition.js';

const facts: ConditionFacts = {
  data: {
    invoice: {
      total: '1250.50',
      currency: 'GBP',
      dueDate: '2026-12-05',
      reference: null,
      number: 'INV-1001',
      isPaid: false,
      daysOverdue: 3,
    },
    payment: null,
    contact: { groups: ['Retail', 'VIP north'], region: 'Yorkshire', country: 'GB', name: 'Rowan' },
  },
  tracking: { Region: ['North', 'Scotland'], Team: ['Hull'] },
};

function decide(input: ConditionInput, on: ConditionFacts = facts): Verdict {
  return evaluateCondition(toCondition(conditionSchema.parse(input)), on);
}

describe('conditions', () => {
  it.each<[ConditionInput]>([
    [{ group: 'retail' }],
    [{ group: ['Corporate', 'VIP North'] }],
    [{ region: 'YORKSHIRE ' }],
    [{ country: ['IE', 'gb'] }],
    [{ currency: 'GBP' }],
    [{ tracking: { region: 'north' } }],
    [{ tracking: { Region: ['South', 'Scotland'], Team: 'Hull' } }],
    [{ tracking: { Region: '*' } }],
    [{ amount: { atLeast: 1250.5, below: '2000' } }],
    [{ amount: { is: '1250.5' } }],
    [{ field: 'invoice.total', above: 1250.49, atMost: 1250.5 }],
    [{ field: 'invoice.dueDate', atLeast: '2026-12-05' }],
    [{ field: 'invoice.number', startsWith: 'inv-', contains: '100' }],
    [{ field: 'invoice.number', oneOf: ['INV-1001', 'INV-1002'] }],
    [{ field: 'invoice.reference', isSet: false }],
    [{ field: 'invoice.reference', isNot: 'PO 1' }],
    [{ field: 'invoice.isPaid', is: false }],
    [{ field: 'invoice.daysOverdue', is: 3 }],
    [{ field: 'contact.groups', contains: 'retail' }],
    [{ field: 'contact.groups', is: 'retail' }],
    [{ field: 'contact.groups', oneOf: ['Corporate', 'VIP north'] }],
    [{ field: 'contact.groups', isNot: 'VIP' }],
    [{ field: 'contact.groups', startsWith: 'vip' }],
    [{ not: { group: 'Corporate' } }],
    [{ or: [{ country: 'IE' }, { group: 'Retail' }] }],
    [{ and: [{ country: 'GB' }, { group: 'Retail' }], amount: { above: 10 } }],
    [[{ country: 'GB' }, { not: { or: [{ country: 'IE' }, { region: 'Kent' }] } }]],
  ])('%j holds', (input) => {
    expect(decide(input)).toEqual({ met: true });
  });

  it.each<[ConditionInput, RegExp]>([
    [{ group: 'Corporate' }, /group is not Corporate/],
    [{ group: 'VIP' }, /group is not VIP/],
    [{ group: 'VIP', country: 'IE' }, /^group is not VIP, and country is not IE$/],
    [{ or: [{ group: 'VIP' }, { country: 'IE' }] }, /\(group is not VIP; country is not IE\)$/],
    [{ country: ['IE', 'FR'] }, /country is not IE or FR/],
    [{ currency: 'EUR' }, /currency is not EUR/],
    [{ tracking: { Region: 'South' } }, /tracking Region is not South/],
    [{ tracking: { Project: '*' } }, /tracking Project/],
    [{ amount: { above: 1250.5 } }, /the amount: above 1250\.5/],
    [{ field: 'invoice.total', below: '9' }, /invoice\.total: below 9/],
    [{ field: 'invoice.reference', is: 'x' }, /invoice\.reference: is x/],
    [{ field: 'invoice.reference', isSet: true }, /isSet true/],
    [{ field: 'payment.amount', above: 0 }, /payment\.amount/],
    [{ field: 'contact.groups', isNot: 'retail' }, /contact\.groups: isNot retail/],
    [{ field: 'contact.groups', is: 'VIP' }, /contact\.groups: is VIP/],
    [{ field: 'contact.groups', oneOf: ['Corporate', 'VIP'] }, /oneOf Corporate or VIP/],
    [{ field: 'contact.groups', startsWith: 'Corp' }, /startsWith Corp/],
    [{ field: 'contact.groups', contains: 'VIP' }, /contains VIP/],
    [{ not: { country: 'GB' } }, /under “not”/],
    [{ or: [{ country: 'IE' }, { country: 'FR' }] }, /under “or”/],
    [[{ country: 'GB' }, { group: 'Corporate' }], /group is not Corporate/],
  ])('%j does not hold and says why in the words of the flow', (input, because) => {
    const verdict = decide(input);
    expect(verdict).toEqual({ met: false, because: expect.stringMatching(because) as string });
    expect(JSON.stringify(verdict)).not.toMatch(/Rowan|Yorkshire|1250\.50/);
  });

  it('finds nothing about a contact that is not known', () => {
    const unknown: ConditionFacts = { data: { ...facts.data, contact: null }, tracking: {} };
    expect(decide({ group: 'Retail' }, unknown).met).toBe(false);
    expect(decide({ not: { group: 'Retail' } }, unknown).met).toBe(true);
    expect(decide({ field: 'contact.name', isSet: false }, unknown).met).toBe(true);
  });

  it('prefers the amount and currency of the payment where there is one', () => {
    const paid: ConditionFacts = {
      ...facts,
      data: { ...facts.data, payment: { amount: '5', currency: 'EUR' } },
    };
    expect(decide([{ amount: { is: 5 } }, { currency: 'EUR' }], paid).met).toBe(true);
  });

  it('compares amounts exactly where floats would not', () => {
    const exact: ConditionFacts = { ...facts, data: { invoice: { total: '9007199254740993.1' } } };
    expect(decide({ amount: { above: '9007199254740993' } }, exact).met).toBe(true);
    expect(decide({ amount: { is: '9007199254740992' } }, exact).met).toBe(false);
  });

  it('does not read fields of prototypes', () => {
    const condition = {
      kind: 'field',
      path: 'invoice.toString',
      comparison: { op: 'isSet', value: true },
    } as const;
    expect(evaluateCondition(condition, facts).met).toBe(false);
  });

  it('keeps the laws of not, and, or for any conditions', () => {
    const leaf = fc.constantFrom<ConditionInput>(
      { country: 'GB' },
      { country: 'IE' },
      { group: 'Retail' },
      { amount: { above: 5000 } },
    );
    fc.assert(
      fc.property(leaf, leaf, (a, b) => {
        const [inA, inB] = [decide(a).met, decide(b).met];
        expect(decide({ and: [a, b] }).met).toBe(inA && inB);
        expect(decide({ or: [a, b] }).met).toBe(inA || inB);
        expect(decide({ not: { or: [a, b] } }).met).toBe(decide({ and: [{ not: a }, { not: b }] }).met);
      }),
    );
  });
});
