import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformFileSync } from '@swc/core';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultTemplateLimits } from './template-limits.js';
import type { TemplateModel } from './template-model.js';
import { WorkerRenderer, type WorkerRendererOptions } from './worker-renderer.js';

const model: TemplateModel = {
  data: { invoice: { number: 'INV-7', total: '1234.5' }, tracking: {} },
  format: { locale: 'en-GB', timeZone: 'Europe/London', currency: 'GBP', today: '2026-11-21' },
};
/** Loops far longer than any deadline, inside limits raised so far that only the kill is left. */
const ENDLESS = '{% for a in (1..90000) %}{% for b in (1..90000) %}{% endfor %}{% endfor %}';
const UNLIMITED = { ...defaultTemplateLimits, renderMs: 1e9, memoryUnits: 1e12, steps: 1e12 };

const open: WorkerRenderer[] = [];
const directories: string[] = [];

/** Compiles the worker and what it imports with the project's settings, inside node_modules so that packages are found. */
function compileWorker(): URL {
  const source = fileURLToPath(new URL('.', import.meta.url));
  const cache = join(process.cwd(), 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'flows-worker-'));
  directories.push(directory);
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  for (const file of readdirSync(source).filter((name) => name.endsWith('.ts') && !name.includes('.spec.'))) {
    const { code } = transformFileSync(join(source, file), { swcrc: true });
    writeFileSync(join(directory, file.replace(/\.ts$/, '.js')), code);
  }
  return pathToFileURL(join(directory, 'render-worker.js'));
}

function renderer(options: WorkerRendererOptions = {}): WorkerRenderer {
  const made = new WorkerRenderer(options);
  open.push(made);
  return made;
}

function sms(
  source: string,
  data: TemplateModel = model,
): { templates: { part: 'sms'; source: string }[]; model: TemplateModel } {
  return { templates: [{ part: 'sms', source }], model: data };
}

describe('WorkerRenderer', () => {
  afterEach(async () => {
    await Promise.all(open.splice(0).map((made) => made.close()));
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });

  it('renders the parts of a message in a worker thread started from this source', async () => {
    const result = await renderer().render({
      templates: [
        { part: 'subject', source: 'Invoice {{ invoice.number }}' },
        { part: 'sms', source: '{{ invoice.total | money }} due' },
      ],
      model,
    });
    expect(result).toEqual({ ok: true, texts: ['Invoice INV-7', '£1,234.50 due'] });
  });

  it('answers every request of a crowd with its own text', async () => {
    const made = renderer({ maxBatch: 7 });
    const numbers = Array.from({ length: 500 }, (_, index) => `INV-${index}`);
    const results = await Promise.all(
      numbers.map((number) =>
        made.render(sms('{{ invoice.number }}', { ...model, data: { ...model.data, invoice: { number } } })),
      ),
    );
    expect(results).toEqual(numbers.map((number) => ({ ok: true, texts: [number] })));
  });

  it('stops a template that never ends and renders the others that waited with it', async () => {
    const made = renderer({ limits: UNLIMITED, deadlineMs: 100 });
    const [before, stuck, after] = await Promise.all([
      made.render(sms('before')),
      made.render(sms(`x${ENDLESS}`)),
      made.render(sms('after')),
    ]);
    expect(before).toEqual({ ok: true, texts: ['before'] });
    expect(stuck).toMatchObject({ ok: false, problem: { code: 'stopped', part: 'sms' } });
    expect(after).toEqual({ ok: true, texts: ['after'] });
  });

  it('outlives a template that fills the memory of its worker', async () => {
    const made = renderer({ limits: UNLIMITED, deadlineMs: 20_000 });
    const bomb = `{% assign a = "0123456789abcdef,0123456789abcdef" %}{% for i in (1..40) %}{% assign a = a | append: a %}{% assign b = a | split: "0" %}{% assign c = c | default: b %}{% endfor %}{{ a }}`;
    const [result, after] = await Promise.all([
      made.render(sms(`{% assign c = false %}${bomb}`)),
      made.render(sms('after')),
    ]);
    expect(result).toMatchObject({ ok: false });
    expect(after).toEqual({ ok: true, texts: ['after'] });
  });

  it('refuses requests after it was closed and rejects those that wait', async () => {
    const made = renderer({ limits: UNLIMITED, deadlineMs: 60_000, maxBatch: 1 });
    const waiting = [made.render(sms(ENDLESS)), made.render(sms('later'))];
    const settled = Promise.allSettled(waiting);
    await made.close();
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'renderer-closed' } });
    }
    await expect(made.render(sms('never'))).rejects.toMatchObject({ code: 'renderer-closed' });
  });

  it('runs its worker as compiled JavaScript, as in production', async () => {
    const made = renderer({ entry: { url: compileWorker(), execArgv: [] } });
    expect(await made.render(sms('{{ invoice.total | money }}'))).toEqual({ ok: true, texts: ['£1,234.50'] });
  });

  it('rejects with a retry when no worker can be started', async () => {
    const made = renderer({ entry: { url: new URL('./no-such-worker.js', import.meta.url), execArgv: [] } });
    await expect(made.render(sms('x'))).rejects.toMatchObject({
      code: 'renderer-unavailable',
      disposition: 'retry',
    });
  });
});
