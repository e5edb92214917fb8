import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowedTags, TemplateEngine } from './template-engine.js';
import { allowedFilters } from './template-filters.js';
import { TemplateFailure, type TemplatePart } from './template-failure.js';
import { defaultTemplateLimits } from './template-limits.js';
import type { TemplateModel } from './template-model.js';

const engine = new TemplateEngine();
const parts: readonly TemplatePart[] = ['sms', 'subject', 'text', 'html'];
const names = [
  'invoice',
  'contact',
  'tracking',
  'x',
  'forloop',
  'constructor',
  '__proto__',
  'prototype',
  'process',
  'globalThis',
];
const keys = [
  'number',
  'lines',
  'constructor',
  '__proto__',
  'call',
  'bind',
  'size',
  'first',
  'toString',
  'valueOf',
  'then',
];
const model: TemplateModel = {
  data: { invoice: { number: '7', lines: [{ a: 'b' }] }, contact: { name: 'R' }, tracking: {} },
  format: { locale: 'en', timeZone: 'UTC', currency: 'EUR', today: '2026-11-21' },
};

const path = fc
  .tuple(fc.constantFrom(...names), fc.array(fc.constantFrom(...keys), { maxLength: 3 }))
  .map(([root, rest]) => [root, ...rest].join('.'));
const value = fc.oneof(
  path,
  fc.nat({ max: 1e9 }).map(String),
  fc.constantFrom('"a"', '"constructor"', '(1..99)', '(1..99999999)', 'nil', 'true', 'empty'),
);
const filter = fc
  .tuple(
    fc.constantFrom(...allowedFilters, 'money', 'date', 'constructor', 'call'),
    fc.array(value, { maxLength: 2 }),
  )
  .map(([name, args]) => `| ${name}${args.length > 0 ? ': ' : ''}${args.join(', ')}`);
const expression = fc
  .tuple(value, fc.array(filter, { maxLength: 4 }))
  .map(([first, filters]) => [first, ...filters].join(' '));

const { template } = fc.letrec<{ template: string; piece: string }>((tie) => ({
  template: fc.array(tie('piece'), { maxLength: 5 }).map((pieces) => pieces.join('')),
  piece: fc.oneof(
    { depthSize: 'small' },
    expression.map((text) => `{{ ${text} }}`),
    fc.string({ maxLength: 12 }),
    expression.map((text) => `{% assign x = ${text} %}`),
    fc.tuple(value, tie('template')).map(([list, body]) => `{% for x in ${list} %}${body}{% endfor %}`),
    fc.tuple(value, tie('template')).map(([test, body]) => `{% if ${test} %}${body}{% endif %}`),
    tie('template').map((body) => `{% capture x %}${body}{% endcapture %}`),
    fc.constantFrom(...allowedTags, 'include', 'render').map((tag) => `{% ${tag} "x" %}`),
  ),
}));

describe('TemplateEngine for any template', () => {
  it('gives a text within its bounds or a failure, and reaches nothing but the data', () => {
    fc.assert(
      fc.property(template, fc.constantFrom(...parts), (source, part) => {
        let text = '';
        try {
          text = engine.render(engine.compile(part, source), model);
        } catch (error) {
          if (!(error instanceof TemplateFailure)) throw error;
          return;
        }
        expect(text.length).toBeLessThanOrEqual(defaultTemplateLimits.outputChars[part]);
        // A filter makes a text of whatever it is given, a group of fields too.
        expect(text.replaceAll(/\[object object\]/gi, '')).not.toMatch(
          /\[native code\]|function |\[object /i,
        );
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same text for the same template and data', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, reference) => {
        const data = { ...model.data, contact: { name, reference } };
        const compiled = engine.compile('text', 'Dear {{ contact.name }}: {{ contact.reference }}');
        expect(engine.render(compiled, { ...model, data })).toBe(engine.render(compiled, { ...model, data }));
      }),
    );
  });

  it('writes any data into HTML without leaving a tag or attribute open to it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const data = { ...model.data, contact: { name } };
        const html = engine.render(engine.compile('html', '<p title="{{ contact.name }}">x</p>'), {
          ...model,
          data,
        });
        expect(html.slice('<p title="'.length, -'">x</p>'.length)).not.toMatch(/[<>"']/);
      }),
    );
  });
});
