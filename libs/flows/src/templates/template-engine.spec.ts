import { filters } from 'liquidjs';
import { describe, expect, it } from 'vitest';
import { TemplateEngine } from './template-engine.js';
import { allowedFilters } from './template-filters.js';
import { TemplateFailure, type TemplatePart } from './template-failure.js';
import { defaultTemplateLimits } from './template-limits.js';
import type { ModelValue, TemplateModel } from './template-model.js';

const engine = new TemplateEngine();

function modelOf(data: { readonly [root: string]: ModelValue } = {}): TemplateModel {
  return {
    data: {
      invoice: {
        number: 'INV-7',
        total: '1234.5',
        dueDate: '2026-12-05',
        reference: null,
        lines: [{ description: 'Survey' }, { description: 'Paint' }],
      },
      contact: { name: 'Rowan', groups: ['Retail', 'North'] },
      tracking: { Region: 'North' },
      ...data,
    },
    format: { locale: 'en-GB', timeZone: 'Europe/Berlin', currency: 'GBP', today: '2026-11-21' },
  };
}

function render(source: string, part: TemplatePart = 'sms', model: TemplateModel = modelOf()): string {
  return engine.render(engine.compile(part, source), model);
}

function failure(action: () => unknown): TemplateFailure {
  try {
    action();
  } catch (error) {
    if (error instanceof TemplateFailure) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('TemplateEngine', () => {
  it('renders fields, branches, loops, assignments and captures', () => {
    const source =
      '{% assign n = invoice.number %}{{ n }}{% if contact.groups contains "Retail" %} retail{% endif %}' +
      '{% capture list %}{% for line in invoice.lines %} {{ forloop.index }}.{{ line.description }}{% endfor %}{% endcapture %}{{ list }}';
    expect(render(source)).toBe('INV-7 retail 1.Survey 2.Paint');
  });

  it.each(['{{ invoice }}', '{{ invoice.lines }}', '{% assign all = invoice %}{{ all }}'])(
    'refuses to print a group of fields: %s',
    (source) => {
      const engine = new TemplateEngine();
      const model = modelOf({ invoice: { number: '7', lines: [{ description: 'Tea' }] } });
      for (const part of ['sms', 'html'] as const) {
        const error = failure(() => engine.render(engine.compile(part, source), model));
        expect(error.code).toBe('bad-argument');
        expect(error.message).toContain('name one of its fields');
      }
    },
  );

  it('writes amounts exactly, in the currency of the record or of the template', () => {
    expect(render('{{ invoice.total | money }}')).toBe('£1,234.50');
    expect(render('{{ invoice.total | money: "JPY" }}')).toBe('JP¥1,235');
    expect(render('{{ invoice.total | money: "EUR", "de-DE" }}')).toBe('1.234,50 €');
    const large = modelOf({ invoice: { total: '90071992547409931.07' } });
    expect(render('{{ invoice.total | money }}', 'sms', large)).toBe('£90,071,992,547,409,931.07');
  });

  it('writes amounts without the sign of the currency, with as many decimal places as it has', () => {
    expect(render('{{ invoice.total | amount }}')).toBe('1,234.50');
    expect(render('{{ invoice.total | amount: "JPY" }}')).toBe('1,235');
    expect(render('{{ invoice.total | amount: "KWD" }}')).toBe('1,234.500');
    expect(render('{{ invoice.total | amount: "EUR", "de-DE" }}')).toBe('1.234,50');
    expect(() => render('{{ invoice.number | amount }}')).toThrow('amount takes an amount');
  });

  it('keeps the hundredths of currencies that are usually shown without', () => {
    const written = (total: string, currency: string): string =>
      render(
        `{{ invoice.total | money: "${currency}" }}, {{ invoice.total | amount: "${currency}" }}`,
        'sms',
        {
          ...modelOf({ invoice: { total } }),
        },
      ).replaceAll('\u00a0', ' ');
    expect(written('12345.67', 'PKR')).toBe('PKR 12,345.67, 12,345.67');
    expect(written('12345.5', 'HUF')).toBe('HUF 12,345.50, 12,345.50');
    expect(written('12345', 'PKR')).toBe('PKR 12,345, 12,345');
    expect(written('12345.00', 'IDR')).toBe('IDR 12,345, 12,345');
    expect(written('12345.5', 'IQD')).toBe('IQD 12,345.500, 12,345.500');
    expect(written('12345.5', 'JPY')).toBe('JP¥12,346, 12,346');
  });

  it('names the day of the week and counts days by the calendar of the company', () => {
    expect(render('{{ invoice.dueDate | weekday }}, {{ invoice.dueDate | weekday: "fr" }}')).toBe(
      'Saturday, samedi',
    );
    expect(render('{{ invoice.dueDate | days_until }}')).toBe('14');
    expect(() => render('{{ invoice.number | days_until }}')).toThrow('days_until takes a date');
  });

  it('writes an amount without a currency as a bare number when nobody knows the currency', () => {
    const model: TemplateModel = {
      ...modelOf(),
      format: { locale: 'en', timeZone: 'UTC', currency: null, today: '2026-11-21' },
    };
    expect(render('{{ invoice.total | money }}', 'sms', model)).toBe('1,234.50');
  });

  it('writes dates as the same calendar day in every zone, and instants in the zone of the company', () => {
    const at = {
      ...modelOf({ at: Date.UTC(2026, 0, 1, 23, 30) }),
      format: { locale: 'en-GB', timeZone: 'Asia/Tokyo', currency: null, today: '2026-11-21' },
    };
    expect(render('{{ invoice.dueDate | date }}, {{ invoice.dueDate | date: "iso" }}', 'sms', at)).toBe(
      '5 Dec 2026, 2026-12-05',
    );
    expect(render('{{ at | date: "long" }}', 'sms', at)).toBe('2 January 2026');
    const west = { ...modelOf(), format: { ...at.format, timeZone: 'America/New_York' } };
    expect(render('{{ invoice.dueDate | date }}', 'sms', west)).toBe('5 Dec 2026');
    expect(render('{{ invoice.dueDate | date: "full", "fr-FR" }}')).toBe('samedi 5 décembre 2026');
  });

  it('writes nothing for an amount or date that is not known', () => {
    expect(
      render('[{{ invoice.reference | money }}{{ invoice.reference | date }}{{ invoice.reference }}]'),
    ).toBe('[]');
  });

  it('gives null for a tracking category that this record does not have', () => {
    expect(render('{{ tracking.Region }}/{{ tracking["Cost centre"] | default: "none" }}')).toBe(
      'North/none',
    );
  });

  it('leaves template syntax in the data as it is', () => {
    const hostile = modelOf({ contact: { name: '{{ invoice.number }}{% raw %}' } });
    expect(render('Dear {{ contact.name }}', 'sms', hostile)).toBe('Dear {{ invoice.number }}{% raw %}');
  });

  it('escapes data in HTML and nowhere else', () => {
    const hostile = modelOf({ contact: { name: '<b onclick="x">&\'' } });
    expect(render('<i>{{ contact.name }}</i>', 'html', hostile)).toBe(
      '<i>&lt;b onclick=&#34;x&#34;&gt;&amp;&#39;</i>',
    );
    expect(render('{{ contact.name }}', 'text', hostile)).toBe('<b onclick="x">&\'');
  });

  it('strips control characters and keeps line ends but in subjects', () => {
    const name = 'a\u0000b\u001bc\r\nd\u0085e';
    const hostile = modelOf({ contact: { name } });
    expect(render('{{ contact.name }}', 'sms', hostile)).toBe('abc\nde');
    expect(render('{{ contact.name }}', 'subject', hostile)).toBe('a b c d e');
  });

  it('writes ordinary spaces in an SMS, so that it stays in the GSM alphabet', () => {
    expect(render('{{ invoice.total | money: "EUR", "fr-FR" }}\u200b')).toBe('1 234,50 €');
  });

  it('repairs broken surrogates, which an SMS gateway would refuse', () => {
    expect(render('{{ contact.name }}', 'sms', modelOf({ contact: { name: 'x\ud800y' } }))).toBe('x\ufffdy');
  });

  it.each([
    ['an unknown filter', '{{ 1 | exec }}', 'syntax', 'undefined filter: exec'],
    ['a filter of Object.prototype', '{{ 1 | constructor }}', 'syntax', 'undefined filter: constructor'],
    ['a tag that reads files', '{% include "x" %}', 'syntax', 'tag "include" not found'],
    ['a layout', '{% layout "x" %}', 'syntax', 'tag "layout" not found'],
    ['a block left open', 'a\n{% if true %}', 'syntax', 'not closed'],
    ['an output left open', '{{ invoice', 'syntax', 'not closed'],
  ])('refuses %s when it is read', (_, source, code, words) => {
    const error = failure(() => engine.compile('sms', source));
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(words);
    expect(error.line).not.toBeNull();
  });

  it('knows no filter and no tag of liquidjs beyond its lists', () => {
    const forbidden = Object.keys(filters).filter(
      (name) => name !== 'date' && !allowedFilters.some((allowed) => allowed === name),
    );
    expect(forbidden.length).toBeGreaterThan(40);
    for (const name of forbidden) {
      expect(failure(() => engine.compile('sms', `{{ "a" | ${name}: "b", "c" }}`)).message).toContain(
        `undefined filter: ${name}`,
      );
    }
    for (const name of [
      'include',
      'render',
      'layout',
      'block',
      'cycle',
      'tablerow',
      'increment',
      'decrement',
      'liquid',
      'echo',
    ]) {
      expect(failure(() => engine.compile('sms', `{% ${name} x %}`)).message).toContain('not found');
    }
  });

  it('names line and column of what cannot be rendered', () => {
    const error = failure(() => render('one\ntwo {{ invoice.nmber }}'));
    expect(error).toMatchObject({ code: 'unknown-variable', line: 2, column: 8 });
  });

  it('never repeats data in an error', () => {
    const secret = '+447911123456';
    const model = modelOf({ contact: { name: secret }, at: secret });
    const sources = [
      '{{ invoice[contact.name] }}',
      '{{ contact.name | money }}',
      '{{ invoice.total | money: contact.name }}',
      '{{ contact.name | date }}',
      '{{ invoice.dueDate | date: contact.name }}',
      '{{ invoice.dueDate | date: "long", contact.name }}',
      '{{ invoice }}',
    ];
    for (const source of sources)
      expect(failure(() => render(source, 'sms', model)).message).not.toContain(secret);
  });

  it('says when a text is longer than its channel carries', () => {
    const model = modelOf({ contact: { name: 'x'.repeat(1_000) } });
    expect(render('{{ contact.name }}', 'sms', model)).toHaveLength(1_000);
    expect(failure(() => render('{{ contact.name }}{{ contact.name }}', 'sms', model)).code).toBe('too-long');
    expect(failure(() => render('{{ contact.name }}', 'subject', model)).code).toBe('too-long');
  });

  it('says when nothing is left of a text', () => {
    expect(failure(() => render(' {{ invoice.reference }}\n')).code).toBe('empty');
  });

  it('refuses a template that is too long before reading it', () => {
    expect(failure(() => engine.compile('sms', 'x'.repeat(50_001))).code).toBe('too-long');
  });
});

describe('TemplateEngine against hostile templates', () => {
  it.each([
    [
      'loops in loops',
      '{% for a in (1..999) %}{% for b in (1..999) %}{% for c in (1..999) %}x{% endfor %}{% endfor %}{% endfor %}',
    ],
    ['empty loops in loops', '{% for a in (1..9999) %}{% for b in (1..9999) %}{% endfor %}{% endfor %}'],
    ['a huge range', '{% for a in (1..99999999) %}{{ a }}{% endfor %}'],
    ['an endless range', `{% for a in (1..${'9'.repeat(400)}) %}{{ a }}{% endfor %}`],
    ['a huge range that is only measured', '{% assign a = (1..999999999) %}{{ a | size }}'],
    [
      'a text that doubles itself',
      `{% assign a = "xxxxxxxx" %}${'{% assign a = a | append: a %}'.repeat(60)}{{ a }}`,
    ],
    [
      'captures that double each other',
      `{% assign a = "xxxxxxxx" %}${'{% capture a %}{{ a }}{{ a }}{% endcapture %}'.repeat(60)}{{ a | size }}`,
    ],
    [
      'replacing each letter by the text',
      `{% assign a = "xxxxxxxxxxxxxxxxxxxx" %}${'{% assign a = a | replace: "x", a %}'.repeat(9)}{{ a | size }}`,
    ],
    [
      'joining with the text itself',
      `{% assign a = "a,a,a,a,a,a,a,a,a,a" %}${'{% assign a = a | split: "," | join: a %}'.repeat(9)}{{ a | size }}`,
    ],
    ['writing without end', `{% for a in (1..5000) %}${'x'.repeat(900)}{% endfor %}`],
  ])('stops %s', (_, source) => {
    const error = failure(() => render(source));
    expect(['too-many-steps', 'too-slow', 'too-much-memory', 'too-long']).toContain(error.code);
  });

  it('counts what captures build, long before it is too much for the process', () => {
    const source = `{% assign a = "xxxxxxxx" %}${'{% capture a %}{{ a }}{{ a }}{% endcapture %}'.repeat(20)}{{ a | size }}`;
    expect(failure(() => render(source)).code).toBe('too-much-memory');
  });

  it('stops by steps when time and memory would allow more', () => {
    const patient = new TemplateEngine({ ...defaultTemplateLimits, renderMs: 1e9, memoryUnits: 1e12 });
    const template = patient.compile(
      'sms',
      '{% for a in (1..200) %}{% for b in (1..200) %}{% endfor %}{% endfor %}x',
    );
    expect(failure(() => patient.render(template, modelOf())).code).toBe('too-many-steps');
  });

  it('stops by time when nothing else does', () => {
    const patient = new TemplateEngine({
      ...defaultTemplateLimits,
      renderMs: 5,
      steps: 1e12,
      memoryUnits: 1e12,
    });
    const template = patient.compile(
      'sms',
      '{% for a in (1..9999) %}{% for b in (1..9999) %}{% endfor %}{% endfor %}x',
    );
    expect(failure(() => patient.render(template, modelOf())).code).toBe('too-slow');
  });

  it.each([
    ['nested tags', `${'{% if true %}'.repeat(3_000)}x${'{% endif %}'.repeat(3_000)}`],
    ['nested brackets', `{{ invoice${'[invoice'.repeat(3_000)}${']'.repeat(3_000)} }}`],
    ['brackets left open', `{{ invoice${'['.repeat(40_000)} }}`],
    ['thousands of filters', `{{ "a"${' | append: "b"'.repeat(3_000)} }}`],
    ['thousands of operators', `{% if ${'true and '.repeat(5_000)}true %}x{% endif %}`],
    ['thousands of tags left open', '{% if true %}'.repeat(3_800)],
  ])('survives %s', (_, source) => {
    try {
      expect(typeof render(source, 'text')).toBe('string');
    } catch (error) {
      expect(error).toBeInstanceOf(TemplateFailure);
    }
  });

  it.each([
    '{{ constructor }}',
    '{{ __proto__ }}',
    '{{ toString }}',
    '{{ invoice.constructor }}',
    '{{ invoice.__proto__ }}',
    '{{ invoice["__proto__"]["polluted"] }}',
    '{{ invoice.hasOwnProperty }}',
    '{{ contact.name.constructor }}',
    '{{ contact.groups.constructor }}',
    '{{ contact.groups.push }}',
    '{{ invoice.lines.map }}',
    '{{ "a".constructor }}',
    '{{ tracking.constructor.constructor }}',
    '{{ tracking.__proto__.polluted }}',
    '{{ process }}',
    '{{ globalThis }}',
    '{{ require }}',
    '{{ this }}',
    '{{ ledgerwire-format }}',
    '{% assign x = "constructor" %}{{ invoice[x] }}',
    '{% for i in (1..2) %}{{ forloop.constructor }}{% endfor %}',
    '{% for i in (1..2) %}{{ forloop.__proto__.constructor }}{% endfor %}',
    '{% for k in invoice %}{{ k.constructor }}{% endfor %}',
    '{{ invoice.lines | map: "constructor" }}',
    '{{ invoice.lines | map: "__proto__" | first }}',
  ])('reaches nothing through %s', (source) => {
    let text = '';
    try {
      text = render(source);
    } catch (error) {
      expect(error).toBeInstanceOf(TemplateFailure);
    }
    expect(text).not.toMatch(/function|native|Object|class |process/);
  });

  it('cannot change a prototype or the data of the next message', () => {
    const template = engine.compile(
      'sms',
      '{% assign __proto__ = "x" %}{% assign constructor = "y" %}{% capture toString %}z{% endcapture %}{% assign invoice = "gone" %}done',
    );
    const model = modelOf();
    expect(engine.render(template, model)).toBe('done');
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    expect(typeof {}.toString).toBe('function');
    expect(engine.render(engine.compile('sms', '{{ invoice.number }}'), model)).toBe('INV-7');
  });

  it('treats a tracking category called __proto__ as a name', () => {
    const model = modelOf({ tracking: JSON.parse('{"__proto__": "x"}') as ModelValue });
    expect(render('{{ tracking["__proto__"] | default: "none" }}', 'sms', model)).toMatch(/^(x|none)$/);
    expect(({} as Record<string, unknown>)['0']).toBeUndefined();
  });
});
