import { z } from 'zod';
import { type Random, seededRandom } from '#libs/core';

/** The body of `POST /__sandbox/faults`. */
export const faultSchema = z
  .strictObject({
    vendor: z.string().optional().describe('Name of a double; every double when left out'),
    endpoint: z
      .string()
      .min(1)
      .optional()
      .describe('"METHOD glob" or "glob", compared with the end of the path, e.g. "POST /Messages.json"'),
    connection: z.string().min(1).optional().describe('Xero tenant id, Twilio account SID'),
    mentions: z
      .string()
      .min(1)
      .optional()
      .describe('Only requests whose path or query holds this text, e.g. the id of an invoice'),
    skip: z.int().min(0).default(0).describe('So many requests that it could have struck pass first'),
    kind: z.enum([
      'status',
      'reset',
      'timeout',
      'latency',
      'slow-body',
      'endless-body',
      'cut-body',
      'gzip-bomb',
    ]),
    when: z
      .enum(['before', 'after'])
      .default('before')
      .describe('Before or after the request is applied; bodies are always spoilt after'),
    status: z.int().min(200).max(599).optional().describe('For kind status: 500 unless given'),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.string().optional().describe("For kind status: the vendor's own error body unless given"),
    latencyMs: z
      .int()
      .min(0)
      .max(600_000)
      .optional()
      .describe('For kind latency (required); real milliseconds'),
    latencyMaxMs: z.int().min(0).max(600_000).optional().describe('Uniform between latencyMs and this'),
    bytesPerSecond: z.int().min(1).default(1).describe('For kind slow-body'),
    times: z.int().min(1).optional().describe('How often it strikes; for ever when left out'),
    probability: z.number().gt(0).max(1).default(1),
    seed: z.int().min(0).default(1).describe('Of the choice that probability makes, and of the latency'),
  })
  .refine((fault) => fault.kind !== 'latency' || fault.latencyMs !== undefined, {
    message: 'kind "latency" needs latencyMs',
    path: ['latencyMs'],
  });

/** A fault as it was asked for. */
export type FaultSpec = z.output<typeof faultSchema>;

/** A fault that is armed. */
export interface Fault {
  readonly id: string;
  readonly spec: FaultSpec;
  /** Requests that it could have struck. */
  matched: number;
  /** Requests that it struck. */
  injected: number;
}

/** What is known of a request before it is applied. */
export interface FaultTarget {
  readonly vendor: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Path and query. */
  readonly url: string;
  readonly connection: string | undefined;
}

interface ArmedFault extends Fault {
  readonly pattern: EndpointPattern | undefined;
  readonly random: Random;
}

interface EndpointPattern {
  readonly method: string | undefined;
  readonly path: RegExp;
}

/** The faults that are armed, in the order in which they were armed. */
export class FaultPlan {
  private armed: ArmedFault[] = [];
  private created = 0;

  /** Whether any fault is armed: the only question on the way of a request when none is. */
  get active(): boolean {
    return this.armed.length > 0;
  }

  arm(spec: FaultSpec): Fault {
    this.created += 1;
    const fault: ArmedFault = {
      id: `fault-${String(this.created)}`,
      spec,
      matched: 0,
      injected: 0,
      pattern: spec.endpoint === undefined ? undefined : endpointPattern(spec.endpoint),
      random: seededRandom(spec.seed),
    };
    this.armed.push(fault);
    return fault;
  }

  list(): Fault[] {
    return this.armed.map(({ id, spec, matched, injected }) => ({ id, spec, matched, injected }));
  }

  /** Disarms one fault (true when it was there) or, without an id, all. */
  clear(id?: string): boolean {
    const before = this.armed.length;
    this.armed = id === undefined ? [] : this.armed.filter((fault) => fault.id !== id);
    return this.armed.length < before;
  }

  /**
   * The faults that strike this request: every latency that fits and the first fault of another kind. Counts them, and
   * leaves exhausted ones listed with their counts, but harmless.
   */
  strike(target: FaultTarget): { latencyMs: number; fault: FaultSpec | undefined } {
    let latencyMs = 0;
    let struck: FaultSpec | undefined;
    for (const fault of this.armed) {
      const isLatency = fault.spec.kind === 'latency';
      if ((struck && !isLatency) || !fits(fault, target)) continue;
      fault.matched += 1;
      if (fault.matched <= fault.spec.skip) continue;
      if (fault.spec.times !== undefined && fault.injected >= fault.spec.times) continue;
      if (fault.spec.probability < 1 && fault.random() >= fault.spec.probability) continue;
      fault.injected += 1;
      if (isLatency) latencyMs += latencyOf(fault);
      else struck = fault.spec;
    }
    return { latencyMs, fault: struck };
  }
}

function fits(fault: ArmedFault, target: FaultTarget): boolean {
  const { spec, pattern } = fault;
  if (spec.vendor !== undefined && spec.vendor !== target.vendor) return false;
  if (spec.connection !== undefined && spec.connection !== target.connection) return false;
  if (spec.mentions !== undefined && !target.url.includes(spec.mentions)) return false;
  if (!pattern) return true;
  if (pattern.method !== undefined && pattern.method !== target.method) return false;
  return pattern.path.test(target.path);
}

function latencyOf(fault: ArmedFault): number {
  const from = fault.spec.latencyMs ?? 0;
  const to = fault.spec.latencyMaxMs ?? from;
  return to > from ? from + fault.random() * (to - from) : from;
}

function endpointPattern(endpoint: string): EndpointPattern {
  const [first = '', second] = endpoint.trim().split(/\s+/, 2);
  const glob = second ?? (/^[A-Z]+$/.test(first) ? '*' : first);
  const method = second === undefined && glob !== '*' ? undefined : first === '*' ? undefined : first;
  const source = glob.split('*').map(escapeForRegExp).join('.*');
  return { method, path: new RegExp(`${source}$`, 'i') };
}

function escapeForRegExp(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
}
