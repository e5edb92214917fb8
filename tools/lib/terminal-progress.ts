import { styleText } from 'node:util';
import type { Progress, ProgressStep } from './progress.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const CLEAR_BELOW = '\u001b[J';

interface RunningStep {
  readonly label: string;
  readonly began: number;
  detail: string;
}

/** Where the lines go; standard error in real use. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * Progress for people. On a terminal the running steps turn below the finished ones; elsewhere each step is one line when
 * it begins and one when it ends. Call `close()` before printing anything else for good.
 */
export function terminalProgress(stream: ProgressStream = process.stderr): Progress & { close(): void } {
  return stream.isTTY === true ? liveProgress(stream) : plainProgress(stream);
}

function plainProgress(stream: ProgressStream): Progress & { close(): void } {
  const begin = (label: string): ProgressStep => {
    const began = performance.now();
    stream.write(`… ${label}\n`);
    const end = (mark: string) => (text?: string) => {
      stream.write(`${mark} ${label} ${seconds(began)}${text === undefined ? '' : `, ${text}`}\n`);
    };
    return { detail: () => {}, done: end('✓'), failed: end('✗') };
  };
  return { begin, close: () => {} };
}

function liveProgress(stream: ProgressStream): Progress & { close(): void } {
  const running = new Set<RunningStep>();
  let drawnLines = 0;
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;

  const draw = (finishedLine = ''): void => {
    const width = stream.columns ?? 80;
    const lines = [...running].map((step) => {
      const detail = step.detail === '' ? '' : ` ${styleText('dim', step.detail)}`;
      return clip(
        `${FRAMES[frame % FRAMES.length] ?? ''} ${step.label} ${seconds(step.began)}${detail}`,
        width,
      );
    });
    const up = drawnLines === 0 ? '' : `\u001b[${drawnLines}A`;
    stream.write(`${up}\r${CLEAR_BELOW}${finishedLine}${lines.map((line) => `${line}\n`).join('')}`);
    drawnLines = lines.length;
  };
  const tick = (): void => {
    frame += 1;
    draw();
  };
  const begin = (label: string): ProgressStep => {
    const step: RunningStep = { label, began: performance.now(), detail: '' };
    running.add(step);
    timer ??= setInterval(tick, FRAME_MS);
    draw();
    const end = (mark: string) => (text?: string) => {
      if (!running.delete(step)) return;
      draw(`${mark} ${label} ${seconds(step.began)}${text === undefined ? '' : `, ${text}`}\n`);
      if (running.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
    return {
      detail: (text) => {
        step.detail = text;
      },
      done: end(styleText('green', '✓')),
      failed: end(styleText('red', '✗')),
    };
  };
  return {
    begin,
    close: () => {
      clearInterval(timer);
      running.clear();
      draw();
    },
  };
}

/** A line that wraps would break the counting of lines; colour codes take no room but are few. */
function clip(line: string, width: number): string {
  const room = Math.max(20, width - 1);
  return line.length > room + 9 ? `${line.slice(0, room)}\u001b[0m` : line;
}

function seconds(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}
