import { EventEmitter } from 'node:events';
import { Module } from '@nestjs/common';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Lifecycle } from './lifecycle.js';
import { runService } from './process.js';
import type { ServiceDefinition } from './run-service.js';

@Module({})
class EmptyModule {}

/** A process whose end can be awaited. */
class FakeProcess extends EventEmitter {
  readonly codes: number[] = [];
  private readonly ended = Promise.withResolvers<number>();

  get exited(): Promise<number> {
    return this.ended.promise;
  }

  exit(code: number): void {
    this.codes.push(code);
    this.ended.resolve(code);
  }
}

const noVariables = z.object({});
let host: FakeProcess;
let lines: string[];
let lifecycle: Lifecycle | undefined;

function run(extra: Partial<ServiceDefinition<typeof noVariables>> = {}, port = '0'): Promise<void> {
  const definition: ServiceDefinition<typeof noVariables> = {
    name: 'test',
    config: noVariables,
    module: (context) => {
      ({ lifecycle } = context);
      return EmptyModule;
    },
    ...extra,
  };
  return runService(definition, host, {
    environment: { PORT: port, INSTANCE: 'test-1' },
    logDestination: { write: (line) => void lines.push(line) },
  });
}

const lastLine = (): unknown => JSON.parse(lines.at(-1) ?? 'null');

beforeEach(() => {
  host = new FakeProcess();
  lines = [];
  lifecycle = undefined;
});

describe('runService', () => {
  it.each(['SIGTERM', 'SIGINT'])('shuts down in order and exits 0 on %s', async (signal) => {
    await run();
    host.emit(signal, signal);
    expect(await host.exited).toBe(0);
    expect(lines.map((line) => JSON.parse(line).event).slice(-2)).toEqual([
      'service.stopping',
      'service.stopped',
    ]);
    expect(lines.find((line) => line.includes('service.stopping'))).toContain(signal);
  });

  it('waits for the start to end when the signal comes first', async () => {
    const begun = run();
    host.emit('SIGTERM', 'SIGTERM');
    await begun;
    expect(await host.exited).toBe(0);
    expect(lastLine()).toMatchObject({ event: 'service.stopped', clean: true });
  });

  it('exits 1 when a hook fails, after the other hooks', async () => {
    await run();
    let closed = false;
    lifecycle?.onShutdown('flush', 'producer', () => Promise.reject(new Error('broker gone')));
    lifecycle?.onShutdown('close', 'database', () => void (closed = true));
    host.emit('SIGTERM', 'SIGTERM');
    expect(await host.exited).toBe(1);
    expect(closed).toBe(true);
    expect(lines.join('')).toContain('"hook":"producer"');
  });

  it('exits at once on a second signal', async () => {
    await run();
    const drained = Promise.withResolvers<void>();
    lifecycle?.onShutdown('drain', 'slow', () => drained.promise);
    host.emit('SIGTERM', 'SIGTERM');
    expect(host.codes).toEqual([]);
    host.emit('SIGINT', 'SIGINT');
    expect(host.codes).toEqual([1]);
    drained.resolve();
    await lifecycle?.shutdown('again');
  });

  it.each(['uncaughtException', 'unhandledRejection'])(
    'logs and exits 1 on %s, without draining',
    async (event) => {
      await run();
      host.emit(event, new Error('bug at +447700900123'));
      expect(host.codes).toEqual([1]);
      expect(lastLine()).toMatchObject({
        level: 'fatal',
        instance: 'test-1',
        event: 'service.crashed',
        error: { message: 'bug at [phone]' },
      });
      await lifecycle?.shutdown('clean up');
    },
  );

  it('exits 1 when a part of the service halts it', async () => {
    await run();
    lifecycle?.halt(new Error('state is torn'));
    expect(host.codes).toEqual([1]);
    expect(lastLine()).toMatchObject({ event: 'service.halted', error: { message: 'state is torn' } });
    await lifecycle?.shutdown('clean up');
  });

  it('exits 1 and lists the problems when the environment does not fit', async () => {
    await run({}, 'eighty');
    expect(host.codes).toEqual([1]);
    expect(lastLine()).toMatchObject({
      level: 'fatal',
      event: 'config.invalid',
      problems: [{ variable: 'PORT' }],
    });
    expect(lines.join('')).not.toContain('eighty');
  });

  it('exits 1 when the start fails', async () => {
    await run({ prepare: () => Promise.reject(new Error('no topics')) });
    expect(host.codes).toEqual([1]);
    expect(lastLine()).toMatchObject({ event: 'service.start-failed', error: { message: 'no topics' } });
  });
});
