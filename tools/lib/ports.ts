import { createServer } from 'node:net';
import { UserError } from './user-error.ts';

const LOOPBACK = '127.0.0.1';

/** Reserves `count` different free ports on the loopback address for a moment and returns them. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  return ports;
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
 * Checks a whole table of ports before anything is started.
 *
 * @throws UserError that names every taken port, who wanted it and how to move all of them.
 */
export async function assertPortsFree(claims: readonly PortClaim[]): Promise<void> {
  const taken: PortClaim[] = [];
  for (const claim of claims) {
    if (!(await isPortFree(claim.port))) taken.push(claim);
  }
  if (taken.length === 0) return;
  const list = taken.map((claim) => `${claim.port} (${claim.name})`).join(', ');
  throw new UserError(
    `Another program listens on port ${list}. Stop that program, or move all ports of Ledgerwire, for instance with LEDGERWIRE_PORT_BASE=5400 npm start`,
  );
}

function listen(port: number, host: string | undefined = LOOPBACK): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }), exclusive: true }, () => resolve(server));
  });
}
