import { TemplateFailure, type TemplatePart } from './template-failure.js';

// oxlint-disable no-control-regex -- control characters are exactly what is looked for here
const CONTROLS_BUT_NEWLINE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g;
const CONTROLS_BUT_NEWLINE_AND_TAB = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const CONTROLS_AND_SPACES = /[\s\u0000-\u001f\u007f-\u009f]+/g;
// oxlint-enable no-control-regex
const SPACES_OUTSIDE_GSM7 = /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g;
const INVISIBLE = /[\u200b\u2060\ufeff]/g;

/**
 * Makes a rendered text fit for its channel: well-formed UTF-16, line ends as \n, no control characters. In an SMS,
 * typographic spaces become ordinary ones, because a single one outside GSM 03.38 more than halves a segment; a
 * subject is one line, so that it cannot add a header.
 * @throws TemplateFailure `empty` when nothing is left.
 */
export function finishOutput(part: TemplatePart, rendered: string): string {
  const text = rendered.toWellFormed().replace(/\r\n?/g, '\n');
  const clean = cleaners[part](text);
  if (clean === '')
    throw new TemplateFailure('empty', 'the template renders to nothing; give it some fixed text');
  return clean;
}

const cleaners: Readonly<Record<TemplatePart, (text: string) => string>> = {
  sms: (text) =>
    text.replace(CONTROLS_BUT_NEWLINE, '').replace(SPACES_OUTSIDE_GSM7, ' ').replace(INVISIBLE, '').trim(),
  subject: (text) => text.replace(CONTROLS_AND_SPACES, ' ').trim(),
  text: (text) => text.replace(CONTROLS_BUT_NEWLINE_AND_TAB, '').trim(),
  html: (text) => text.replace(CONTROLS_BUT_NEWLINE_AND_TAB, '').trim(),
};
