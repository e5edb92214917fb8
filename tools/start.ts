import { connectDemo } from './once/connect-demo.ts';
import { describeFailure } from './lib/user-error.ts';
import { statePaths } from './lib/paths.ts';
import { terminalProgress } from './lib/terminal-progress.ts';
import { parseStartArguments } from './start/arguments.ts';
import { loadScenario } from './start/scenario.ts';
import { startSystem, type RunningSystem } from './start/start-system.ts';
import { summary } from './start/summary.ts';

/** `npm start`; its help is start.help.txt. */
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
  const options = parseStartArguments(process.argv.slice(2));
  const playScenario = options.once ? await loadScenario(process.env) : undefined;
  const system = await startSystem({
    arguments: options,
    paths: statePaths(),
    environment: process.env,
    progress,
    notice: (text) => console.error(text),
    signal: stopping.signal,
  });
  progress.close();
  try {
    if (playScenario !== undefined) return (await playScenario(system, options)).ok ? 0 : 1;
    const { left } = await connectDemo(system);
    console.log(summary(system, options));
    for (const text of left) console.error(text);
    await untilStopped(system);
    return 0;
  } finally {
    await system.stop();
  }
}

/** Resolves on Ctrl-C; rejects when the infrastructure ends by itself. */
async function untilStopped(system: RunningSystem): Promise<void> {
  const asked = new Promise<void>((resolve) => {
    if (stopping.signal.aborted) resolve();
    else stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([asked, system.failed]);
}

try {
  process.exitCode = await main();
} catch (error) {
  progress.close();
  const askedToStop = stopping.signal.aborted && error === stopping.signal.reason;
  if (!askedToStop) console.error(describeFailure(error));
  process.exitCode = askedToStop ? 130 : 1;
}
