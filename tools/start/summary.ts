import type { RunningSystem } from './start-system.ts';

/** What `npm start` says when everything is up: for people, or as one JSON object for programs. */
export function summary(system: RunningSystem, output: { readonly json: boolean }): string {
  const { urls } = system.context;
  const { runFile, sandboxFile, logs } = system.paths;
  if (output.json) {
    return JSON.stringify({
      consoleUrl: urls.console,
      ingressUrl: urls.ingress,
      sandboxUrl: urls.sandbox,
      runFile,
      sandboxFile,
      logs,
    });
  }
  return [
    '',
    'Ledgerwire is up.',
    `  Console   ${urls.console}`,
    `  Webhooks  ${urls.ingress}`,
    `  Sandbox   ${urls.sandbox}`,
    `  Logs      ${logs}`,
    `  Clients   ${sandboxFile}`,
    'Ctrl-C stops everything; the data stays for the next start.',
  ].join('\n');
}
