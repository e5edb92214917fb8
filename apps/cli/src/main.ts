#!/usr/bin/env node
import { systemClock } from '#libs/core';
import { runCli } from './run-cli.js';
import { terminalPrompt } from './terminal-prompt.js';

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
// The reader of a pipe may have enough before we do (ledgerwire tail | head).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') stopping.abort();
  else throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  folder: process.cwd(),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  ask: terminalPrompt(process.stdin, process.stderr, stopping.signal),
  clock: systemClock,
  signal: stopping.signal,
});
