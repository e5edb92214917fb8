import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseBenchArguments } from './bench/arguments.ts';
import { reportJson, reportTable } from './bench/report.ts';
import { runBenches } from './bench/run-benches.ts';
import { statePaths } from './lib/paths.ts';
import { terminalProgress } from './lib/terminal-progress.ts';
import { describeFailure } from './lib/user-error.ts';

/** `npm run bench`; its help is bench.help.txt. */
const stopping = new AbortController();
const progress = terminalProgress();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) return;
    console.error('\nStopping…');
    stopping.abort();
  });
}

async function main(): Promise<number> {
  const options = parseBenchArguments(process.argv.slice(2));
  const folder = join(statePaths().root, 'bench');
  mkdirSync(folder, { recursive: true });
  const profiles = options.profile ? join(folder, 'profiles') : undefined;
  const { signal } = stopping;
  const report = await runBenches(options, { progress, environment: process.env, signal, profiles });
  progress.close();
  const json = reportJson(report);
  const file = join(folder, `${report.commit}.json`);
  writeFileSync(file, json);
  if (options.json) process.stdout.write(json);
  else console.log(`${reportTable(report)}\n\nWritten to ${file}.`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  progress.close();
  const askedToStop = stopping.signal.aborted;
  if (!askedToStop) console.error(describeFailure(error));
  process.exitCode = askedToStop ? 130 : 1;
}
