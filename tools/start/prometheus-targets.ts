import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from './layout.ts';

/** Tells the Prometheus of docker-compose.yml (profile `observability`) where to find each process. */
export function writePrometheusTargets(stateRoot: string, instances: readonly Instance[]): void {
  const folder = join(stateRoot, 'prometheus');
  mkdirSync(folder, { recursive: true });
  const groups = instances.map(({ service, number, port }) => ({
    targets: [`127.0.0.1:${port}`],
    labels: { service: service.name, process: `${service.name}-${number}` },
  }));
  writeFileSync(join(folder, 'ledgerwire.json'), `${JSON.stringify(groups, null, 2)}\n`);
}
