import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from './user-error.ts';

const LOOPBACK = '127.0.0.1';

/**
 * Linux takes the ports of outgoing connections from 32768 upwards. A server that binds some seconds after it was given a
 * port up there may find it taken by any client of this machine; down here only another server could take it.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** `count` different ports on which nothing listens now, drawn at random. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isPortFree(port)) ports.add(port);
  }
  return [...ports];
}

/** True when nothing on this machine listens on the port (loopback and wildcard are both tried). */
export async function isPortFree(port: number): Promise<boolean> {
  for (const host of [LOOPBACK, undefined]) {
    try {
      const server = await listen(port, host);
      await new Promise<void>((resolve) => server.close(() => resolve()));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
      throw error;
    }
  }
  return true;
}

/** A port and who wants it. */
export interface PortClaim {
  readonly name: string;
  readonly port: number;
}

/**
 * Checks a whole table of ports before anything is started; looks again for up to `withinMs`, since a large process that was
 * killed lets go of its ports a moment after it is gone.
 *
 * @throws UserError that names every taken port, who wanted it and how to move all of them.
 */
export async function assertPortsFree(claims: readonly PortClaim[], withinMs = 0): Promise<void> {
  const deadline = performance.now() + withinMs;
  let taken = await takenOf(claims);
  while (taken.length > 0 && performance.now() < deadline) {
    await delay(100);
    taken = await takenOf(taken);
  }
  if (taken.length === 0) return;
  const list = taken.map((claim) => `${claim.port} (${claim.name})`).join(', ');
  throw new UserError(
    `Another program listens on port ${list}. Stop that program, or move all ports of Ledgerwire, for instance with LEDGERWIRE_PORT_BASE=5400 npm start`,
  );
}

async function takenOf(claims: readonly PortClaim[]): Promise<PortClaim[]> {
  const taken: PortClaim[] = [];
  for (const claim of claims) {
    if (!(await isPortFree(claim.port))) taken.push(claim);
  }
  return taken;
}

function listen(port: number, host: string | undefined = LOOPBACK): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }), exclusive: true }, () => resolve(server));
  });
}
