import type { InfrastructurePorts } from '../infra/infrastructure.ts';
import { infrastructureClaims } from '../infra/port-claims.ts';
import type { PortClaim } from '../lib/ports.ts';
import { UserError } from '../lib/user-error.ts';
import { services, type ServiceDefinition, type ServiceName } from '../services.ts';

const VARIABLE = 'LEDGERWIRE_PORT_BASE';
const DEFAULT_BASE = 4400;
/** Nine instances, 100 ports apart. */
const SPAN = 900;

/** How many of each service. */
export type Scale = Readonly<Record<ServiceName, number>>;

/** One process to start. */
export interface Instance {
  readonly service: ServiceDefinition;
  /** 1 for the first. */
  readonly number: number;
  readonly port: number;
}

/**
 * Reads LEDGERWIRE_PORT_BASE; 4400 when it is not set.
 *
 * @throws UserError when it is no port with room for all of them above it.
 */
export function portBase(environment: NodeJS.ProcessEnv): number {
  const text = environment[VARIABLE] ?? '';
  if (text === '') return DEFAULT_BASE;
  const base = Number(text);
  const highest = 65_535 - SPAN;
  if (Number.isInteger(base) && base >= 1024 && base <= highest) return base;
  throw new UserError(`${VARIABLE} is "${text}"; it must be a whole number from 1024 to ${highest}`);
}

/** The infrastructure's ports end like those that people know: …92 (9092), …81 (8081), …32 (5432). */
export function infrastructurePorts(base: number): InfrastructurePorts {
  return { kafka: base + 92, kafkaController: base + 93, registry: base + 81, postgres: base + 32 };
}

/** Where an instance of a service listens. */
export function servicePort(base: number, service: ServiceDefinition, number: number): number {
  return base + service.portOffset + 100 * (number - 1);
}

/** Base URL of the first instance of each service. */
export function serviceUrls(base: number): Record<ServiceName, string> {
  const entries = services.map(
    (service) => [service.name, `http://127.0.0.1:${servicePort(base, service, 1)}`] as const,
  );
  return Object.fromEntries(entries) as Record<ServiceName, string>;
}

/**
 * Reads `fetcher=2,mapper=3`; services that are not named get one instance. 0 leaves a service out.
 *
 * @throws UserError for an unknown service or a number that the service cannot have.
 */
export function parseScale(texts: readonly string[]): Scale {
  const scale = new Map<string, number>(services.map((service) => [service.name, 1]));
  for (const part of texts.flatMap((text) => text.split(','))) {
    const [name = '', count = ''] = part.split('=');
    const service = services.find((candidate) => candidate.name === name);
    if (service === undefined) {
      const known = services.map((candidate) => candidate.name).join(', ');
      throw new UserError(`--scale: there is no service "${name}". There are: ${known}`);
    }
    const number = Number(count);
    if (!/^\d+$/.test(count) || number > service.maxInstances) {
      throw new UserError(`--scale: ${name} can have 0 to ${service.maxInstances} instances, not "${count}"`);
    }
    scale.set(name, number);
  }
  return Object.fromEntries(scale) as Scale;
}

/** Every instance with its port, in the order of the table. */
export function planInstances(base: number, scale: Scale): Instance[] {
  return services.flatMap((service) =>
    Array.from({ length: scale[service.name] ?? 1 }, (_, index) => ({
      service,
      number: index + 1,
      port: servicePort(base, service, index + 1),
    })),
  );
}

/** Every port that a start will listen on, with the name to show when it is taken. */
export function portClaims(base: number, instances: readonly Instance[]): PortClaim[] {
  return [...instanceClaims(instances), ...infrastructureClaims(infrastructurePorts(base))];
}

/** The ports of the services alone. */
export function instanceClaims(instances: readonly Instance[]): PortClaim[] {
  return instances.map(({ service, number, port }) => ({ name: `${service.name} ${number}`, port }));
}
