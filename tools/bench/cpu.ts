import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunProcess } from '../start/run-file.ts';

/** CPU seconds of user and system by service; nothing where the system does not tell (only Linux does). */
export type CpuSeconds = ReadonlyMap<string, number>;

/** Linux counts CPU in hundredths of a second (USER_HZ) on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
/** What is no part of the product's services. */
const SURROUNDINGS = new Set(['kafka', 'registry', 'postgres', 'sandbox']);

/** CPU that each process and its children have used since they began. */
export function cpuOf(processes: readonly RunProcess[]): CpuSeconds {
  const table = processTable();
  const sums = new Map<string, number>();
  for (const { service, pid } of processes) {
    if (pid === undefined || !table.has(pid)) continue;
    sums.set(service, (sums.get(service) ?? 0) + treeTicks(pid, table) / TICKS_PER_SECOND);
  }
  return sums;
}

/** What was used between two moments; undefined where the system does not tell. */
export function cpuBetween(before: CpuSeconds, after: CpuSeconds): Record<string, number> | undefined {
  if (after.size === 0) return undefined;
  return Object.fromEntries(
    [...after].map(([service, seconds]) => [service, seconds - (before.get(service) ?? 0)]),
  );
}

/** CPU milliseconds per event: of the product's services together, and of each process. */
export function cpuPerEvent(
  used: Record<string, number> | undefined,
  events: number,
): { services: number; each: Record<string, number> } | undefined {
  if (used === undefined || events === 0) return undefined;
  const each = Object.fromEntries(
    Object.entries(used).map(([name, seconds]) => [name, (seconds * 1000) / events]),
  );
  const services = Object.entries(each).reduce(
    (sum, [name, ms]) => sum + (SURROUNDINGS.has(name) ? 0 : ms),
    0,
  );
  return { services, each };
}

const SAMPLE_MS = 250;
const QUIET_SAMPLES = 3;
const SETTLE_WITHIN_MS = 90_000;
/** Where CPU is not told. */
const BLIND_WAIT_MS = 3_000;

/**
 * Waits until the product's services have worked off what they had: together they take less than `quietShare` of a core for three
 * quarters of a second.
 * Gives up after a minute and a half; whatever is not done then shows as a missing effect.
 */
export async function untilQuiet(processes: readonly RunProcess[], quietShare: number): Promise<void> {
  const services = processes.filter(({ service }) => !SURROUNDINGS.has(service));
  if (cpuOf(services).size === 0) return delay(BLIND_WAIT_MS);
  const deadline = performance.now() + SETTLE_WITHIN_MS;
  let quiet = 0;
  let before = total(cpuOf(services));
  let beforeAt = performance.now();
  while (quiet < QUIET_SAMPLES && performance.now() < deadline) {
    await delay(SAMPLE_MS);
    const now = total(cpuOf(services));
    const at = performance.now();
    quiet = now - before < (quietShare * (at - beforeAt)) / 1000 ? quiet + 1 : 0;
    before = now;
    beforeAt = at;
  }
}

function total(cpu: CpuSeconds): number {
  return [...cpu.values()].reduce((sum, seconds) => sum + seconds, 0);
}

interface ProcessTicks {
  readonly parent: number;
  readonly ticks: number;
}

/** Every process of the machine; proc(5). */
function processTable(): Map<number, ProcessTicks> {
  const table = new Map<number, ProcessTicks>();
  if (process.platform !== 'linux') return table;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = statOf(pid);
    if (stat) table.set(pid, stat);
  }
  return table;
}

function statOf(pid: number): ProcessTicks | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // State is field 3 of proc(5): parent 4, utime 14, stime 15, cutime 16, cstime 17 (children that have ended).
    const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
    return { parent: Number(fields[1]), ticks: (utime ?? 0) + (stime ?? 0) + (cutime ?? 0) + (cstime ?? 0) };
  } catch {
    return undefined;
  }
}

function treeTicks(root: number, table: ReadonlyMap<number, ProcessTicks>): number {
  let sum = table.get(root)?.ticks ?? 0;
  for (const [pid, { parent }] of table) if (parent === root) sum += treeTicks(pid, table);
  return sum;
}
