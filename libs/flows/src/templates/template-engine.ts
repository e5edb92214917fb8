import {
  CaptureTag,
  Context,
  Drop,
  type Emitter,
  Liquid,
  LiquidError,
  type Template,
  toValueSync,
} from 'liquidjs';
import { allowedFilters, FORMAT_REGISTER, ownFilters, registerOwnFilters } from './template-filters.js';
import { TemplateFailure, type TemplatePart } from './template-failure.js';
import { defaultTemplateLimits, type TemplateLimits } from './template-limits.js';
import type { ModelValue, TemplateModel } from './template-model.js';
import { finishOutput } from './template-output.js';
import { analyseVariables, type VariableUse } from './template-variables.js';

/** Tags that a template may use. No include, render, layout or block: a template is one text and reads no file. */
export const allowedTags = [
  '#',
  'assign',
  'break',
  'capture',
  'case',
  'comment',
  'continue',
  'for',
  'if',
  'raw',
  'unless',
] as const;

/** A template that was read and may be rendered many times. */
export interface CompiledTemplate {
  readonly part: TemplatePart;
  readonly templates: Template[];
  /** Every variable it reads, with its place. */
  readonly variables: readonly VariableUse[];
  /** Categories named as `tracking.X`; a record without one gives null there, not an error. */
  readonly trackingCategories: readonly string[];
}

/**
 * liquidjs, closed down: allow-listed tags and filters, own properties only, unknown names are errors, no files, and
 * bounds on source, time, steps, memory and output. Values are inert: what a customer calls himself is never read as
 * a template. Deterministic but for its time limit. Shared by the render worker and by {@link InlineRenderer}.
 */
export class TemplateEngine {
  private readonly limits: TemplateLimits;
  private readonly plain: Liquid;
  private readonly html: Liquid;

  constructor(limits: TemplateLimits = defaultTemplateLimits) {
    this.limits = limits;
    this.plain = closedLiquid(limits, false);
    this.html = closedLiquid(limits, true);
  }

  /** @throws TemplateFailure `syntax` or `too-long`, with line and column. */
  compile(part: TemplatePart, source: string): CompiledTemplate {
    if (source.length > this.limits.sourceChars) {
      throw new TemplateFailure(
        'too-long',
        `the template is longer than ${this.limits.sourceChars} characters`,
      );
    }
    try {
      const templates = this.liquidFor(part).parse(source);
      const variables = analyseVariables(templates);
      return { part, templates, variables, trackingCategories: trackingCategoriesOf(variables) };
    } catch (error) {
      throw failureOf(error, 'syntax');
    }
  }

  /** @throws TemplateFailure for everything that can go wrong; never with a value of the model in it. */
  render(template: CompiledTemplate, model: TemplateModel): string {
    const liquid = this.liquidFor(template.part);
    const context = new Context(scopeOf(template, model), liquid.options, { sync: true }, { liquid });
    context.setRegister(FORMAT_REGISTER, model.format);
    this.limitContext(context);
    const emitter = new BoundedEmitter(this.limits.outputChars[template.part]);
    try {
      toValueSync(liquid.renderer.renderTemplates(template.templates, context, emitter));
      return finishOutput(template.part, emitter.buffer);
    } catch (error) {
      throw failureOf(error, 'failed');
    }
  }

  /** Replaces liquidjs' limiters by ones that throw our failures and count steps, which it does not do itself. */
  private limitContext(context: Context): void {
    const deadline = performance.now() + this.limits.renderMs;
    let steps = 0;
    let memory = 0;
    context.renderLimit.check = (now) => {
      steps += 1;
      if (steps > this.limits.steps) {
        throw new TemplateFailure('too-many-steps', 'the template loops too often; shorten its loops');
      }
      if (now > deadline)
        throw new TemplateFailure('too-slow', 'the template takes too long; shorten its loops');
    };
    context.memoryLimit.use = (count) => {
      // Not a number is what a range between texts gives; it builds an empty list and costs nothing.
      memory += Math.max(count || 0, 0);
      if (memory > this.limits.memoryUnits) {
        throw new TemplateFailure('too-much-memory', 'the template builds too large a text or list');
      }
    };
  }

  private liquidFor(part: TemplatePart): Liquid {
    return part === 'html' ? this.html : this.plain;
  }
}

function closedLiquid(limits: TemplateLimits, escapesHtml: boolean): Liquid {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    relativeReference: false,
    dynamicPartials: false,
    // An empty map of partials takes the place of the file system.
    templates: {},
    parseLimit: limits.sourceChars,
    ...(escapesHtml ? { outputEscape: 'escape' as const } : {}),
  });
  refuseGroups(liquid);
  keepOnly(liquid.tags, allowedTags);
  keepOnly(liquid.filters, allowedFilters);
  liquid.registerTag('capture', BoundedCaptureTag);
  registerOwnFilters(liquid);
  return liquid;
}

/** A group of fields is no text: printed, it would be `[object Object]` in a customer's message. */
function refuseGroups({ options }: Liquid): void {
  const { outputEscape } = options;
  options.outputEscape = function (
    this: ThisParameterType<NonNullable<typeof outputEscape>>,
    value: unknown,
  ) {
    if (isGroup(value)) {
      throw new TemplateFailure('bad-argument', 'a group of fields is printed; name one of its fields');
    }
    return outputEscape ? outputEscape.call(this, value) : (value as string);
  };
}

function isGroup(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isGroup);
  return typeof value === 'object' && value !== null && !(value instanceof Drop);
}

function keepOnly(table: Record<string, unknown>, names: readonly string[]): void {
  for (const name of Object.keys(table)) if (!names.includes(name)) delete table[name];
}

/** What the template sees: its roots, without a prototype, and each tracking category that it names. */
function scopeOf(template: CompiledTemplate, model: TemplateModel): object {
  const scope = Object.assign(Object.create(null) as Record<string, ModelValue>, model.data);
  const absent = template.trackingCategories.map((category) => [category, null]);
  scope['tracking'] = { ...Object.fromEntries(absent), ...(scope['tracking'] as object | undefined) };
  return scope;
}

function trackingCategoriesOf(variables: readonly VariableUse[]): string[] {
  const names = variables
    .filter((use) => use.path[0] === 'tracking')
    .map((use) => use.path[1])
    .filter((name) => typeof name === 'string');
  return [...new Set(names)];
}

/** Collects the result and refuses to grow past its bound; liquidjs bounds what filters build, not what is written. */
class BoundedEmitter implements Emitter {
  buffer = '';
  private readonly maxChars: number;

  constructor(maxChars: number) {
    this.maxChars = maxChars;
  }

  write(value: unknown): void {
    this.buffer += textOf(value);
    if (this.buffer.length > this.maxChars) {
      throw new TemplateFailure(
        'too-long',
        `the text is longer than ${this.maxChars} characters; shorten it`,
      );
    }
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map((item) => textOf(item)).join('');
  if (value === null || value === undefined) return '';
  throw new TemplateFailure(
    'bad-argument',
    'this is a group of fields; name one of them, e.g. invoice.number',
  );
}

/** `capture` counted against the memory limit: captures that double each other would else grow without bound. */
class BoundedCaptureTag extends CaptureTag {
  override *render(context: Context): Generator<unknown, void, string> {
    const emitter = new BoundedEmitter(Number.POSITIVE_INFINITY);
    emitter.write = (value: unknown) => {
      const text = textOf(value);
      context.memoryLimit.use(text.length);
      emitter.buffer += text;
    };
    yield this.liquid.renderer.renderTemplates(this.templates, context, emitter);
    (context.bottom() as Record<string, unknown>)[this.variable] = emitter.buffer;
  }
}

/** Any error of liquidjs as ours: place and kind are kept, and of its text only what stems from the template. */
function failureOf(error: unknown, code: 'syntax' | 'failed'): TemplateFailure {
  const [line = null, column = null] = LiquidError.is(error) ? error.token.getPosition() : [];
  const cause = LiquidError.is(error) ? error.originalError : error;
  if (cause instanceof TemplateFailure) {
    return new TemplateFailure(cause.code, cause.message, cause.line ?? line, cause.column ?? column);
  }
  if (cause instanceof RangeError) {
    return new TemplateFailure('too-much-memory', 'the template is nested too deeply', line, column);
  }
  if (LiquidError.is(error) && error.name === 'UndefinedVariableError') {
    const text = `there is no variable “${error.token.getText().slice(0, 80)}” here`;
    return new TemplateFailure('unknown-variable', text, line, column);
  }
  if (code === 'failed') {
    return new TemplateFailure(
      'failed',
      'this cannot be rendered; check the filters and their arguments',
      line,
      column,
    );
  }
  return new TemplateFailure('syntax', syntaxText(error), line, column);
}

/** While a template is read there is no data yet, so liquidjs' own words are safe; its place is cut off, we carry it apart. */
function syntaxText(error: unknown): string {
  const words = error instanceof Error ? error.message.replace(/, line:\d+, col:\d+$/, '').slice(0, 200) : '';
  if (words.startsWith('undefined filter')) {
    return `${words}; there are ${[...allowedFilters, ...ownFilters].join(', ')}`;
  }
  if (words.startsWith('tag ') && words.endsWith('not found')) {
    return `${words}; there are ${allowedTags.join(', ')}`;
  }
  return words === '' ? 'the template cannot be read' : words;
}
