import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationText } from './format.js';
import { html } from './html.js';

describe('html', () => {
  it('escapes what it is given, in text and in attributes', () => {
    const name = `<script>"'&`;
    expect(html`<p title="${name}">${name}</p>`.text).toBe(
      '<p title="&lt;script&gt;&quot;&#39;&amp;">&lt;script&gt;&quot;&#39;&amp;</p>',
    );
  });

  it('keeps what is HTML already, lists included, and leaves out what is nothing', () => {
    const items = ['a', '<b>'].map((item) => html`<i>${item}</i>`);
    const nothing = [null, undefined, false] as const;
    expect(html`${items}${nothing}${0}`.text).toBe('<i>a</i><i>&lt;b&gt;</i>0');
  });

  it('never lets a value open a tag or leave an attribute', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const { text } = html`<a title="${value}">${value}</a>`;
        expect(text.match(/[<>]/g)).toHaveLength(4);
        expect(text.match(/"/g)).toHaveLength(2);
      }),
    );
  });
});

describe('durations', () => {
  it.each([
    [0, '0 ms'],
    [180, '180 ms'],
    [2_340, '2.3 s'],
    [250_000, '4 min 10 s'],
    [3_600_000, '1 h'],
    [187_200_000, '2 d 4 h'],
  ])('of %i ms are %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
