import type { PortClaim } from '../lib/ports.ts';
import type { InfrastructurePorts } from './infrastructure.types.ts';

/** The ports of the infrastructure, each with who wants it. */
export function infrastructureClaims(ports: Partial<InfrastructurePorts>): PortClaim[] {
  return Object.entries(ports).map(([name, port]) => ({ name, port }));
}
