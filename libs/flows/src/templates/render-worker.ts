import { parentPort, workerData } from 'node:worker_threads';
import {
  IDLE,
  type RenderBatch,
  type RenderJobs,
  type RenderReply,
  type RenderWorkerData,
} from './render-protocol.js';
import { TemplateCache } from './template-cache.js';
import { TemplateEngine } from './template-engine.js';
import type { RenderResult, TemplateSource } from './template-renderer.js';

/*
 * Entry of a render worker thread. This file and all it imports must stay free of `#libs/…` imports and of syntax
 * that Node cannot strip, because tests start it from TypeScript source (render-worker-entry.ts).
 */
const { limits, progress } = workerData as RenderWorkerData;
const cache = new TemplateCache(new TemplateEngine(limits));
const current = new Int32Array(progress);
const templates = new Map<number, TemplateSource>();

function renderBatch(batch: RenderBatch): RenderResult[] {
  if (batch.reset) templates.clear();
  for (const [id, template] of batch.newTemplates) templates.set(id, template);
  return (JSON.parse(batch.jobs) as RenderJobs).map(([ids, model], index) => {
    Atomics.store(current, 0, index);
    const wanted = ids.map((id) => templates.get(id)).filter((template) => template !== undefined);
    return cache.render(wanted, model);
  });
}

function reply(message: RenderReply): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', (batch: RenderBatch) => {
  const results = JSON.stringify(renderBatch(batch));
  Atomics.store(current, 0, IDLE);
  reply({ kind: 'results', results });
});
reply({ kind: 'ready' });
