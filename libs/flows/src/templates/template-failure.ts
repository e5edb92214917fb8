/** What a template is for; it decides escaping, what is stripped from the result and how long it may be. */
export type TemplatePart = 'sms' | 'subject' | 'text' | 'html';

/** Why a template gave no text. Closed list; `stopped` means that the renderer was killed at its deadline. */
export const templateErrorCodes = [
  'syntax',
  'unknown-variable',
  'bad-argument',
  'too-slow',
  'too-many-steps',
  'too-much-memory',
  'too-long',
  'empty',
  'stopped',
  'failed',
] as const;

/** One of {@link templateErrorCodes}. */
export type TemplateErrorCode = (typeof templateErrorCodes)[number];

/** A template's fault as people read it. It speaks of the template's text only and never holds a value of the data. */
export interface TemplateProblem {
  readonly part: TemplatePart;
  readonly code: TemplateErrorCode;
  /** One sentence that says what to do. */
  readonly message: string;
  /** Line in the template, from 1; null where no place can be named. */
  readonly line: number | null;
  /** Column in the template, from 1. */
  readonly column: number | null;
}

/** Thrown inside the engine; leaves it as a {@link TemplateProblem}. Runs in the render worker, hence no import of ours. */
export class TemplateFailure extends Error {
  readonly code: TemplateErrorCode;
  readonly line: number | null;
  readonly column: number | null;

  constructor(
    code: TemplateErrorCode,
    message: string,
    line: number | null = null,
    column: number | null = null,
  ) {
    super(message);
    this.name = 'TemplateFailure';
    this.code = code;
    this.line = line;
    this.column = column;
  }

  /** The same fault as plain data. */
  toProblem(part: TemplatePart): TemplateProblem {
    return { part, code: this.code, message: this.message, line: this.line, column: this.column };
  }
}
