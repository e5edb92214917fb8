/** How a worker thread is started: its file and the Node options that it needs. */
export interface WorkerEntry {
  readonly url: URL;
  readonly execArgv: readonly string[];
}

/**
 * In TypeScript source, imports are written with `.js` as the compiled files will be called. Node strips types by itself
 * but does not look for the `.ts` file behind such an import; this hook, loaded before the worker, does.
 */
const SOURCE_HOOK = `
import { registerHooks } from 'node:module';
registerHooks({
  resolve(specifier, context, next) {
    const inSource = context.parentURL?.endsWith('.ts') && !context.parentURL.includes('/node_modules/');
    const relative = specifier.startsWith('./') || specifier.startsWith('../');
    return next(inSource && relative ? specifier.replace(/\\.js$/, '.ts') : specifier, context);
  },
});`;

/** The render worker beside this module: compiled where this module is compiled, TypeScript where it is. */
export function renderWorkerEntry(): WorkerEntry {
  const compiled = new URL('./render-worker.js', import.meta.url);
  if (!import.meta.url.endsWith('.ts')) return { url: compiled, execArgv: [] };
  const hook = `data:text/javascript,${encodeURIComponent(SOURCE_HOOK)}`;
  return { url: new URL(compiled.href.replace(/\.js$/, '.ts')), execArgv: ['--import', hook] };
}
