import { LedgerwireError } from '#libs/core';
import type { RegistryOptions } from './registry-codec.js';

/** A schema under the subject that it is registered as. */
export interface SubjectSpec {
  readonly subject: string;
  /** Avro schema as JSON text. */
  readonly schema: string;
}

/**
 * What was found or done: `present` (registered before), `registered` (just now), `missing` (check only), `incompatible` with a
 * version that was registered before, `rule-differs` (check only: registered, but another compatibility rule is in force).
 */
export type SubjectState = 'present' | 'registered' | 'missing' | 'incompatible' | 'rule-differs';

/** One subject after {@link RegistryAdmin.ensure} or {@link RegistryAdmin.check}. */
export interface SubjectReport {
  readonly subject: string;
  readonly state: SubjectState;
  /** The schema id, when it is registered. */
  readonly id: number | null;
  /** Why, for people; null when there is nothing to say. */
  readonly detail: string | null;
}

/** Records written by any version can be read by any other, old by new and new by old. */
const COMPATIBILITY = 'FULL_TRANSITIVE';
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json';
const REQUEST_TIMEOUT_MS = 10_000;

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Registers schemas at deploy time, over the Confluent Schema Registry API (v7), which Apicurio and Karapace speak too. */
export class RegistryAdmin {
  private readonly baseUrl: string;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(options: RegistryOptions) {
    this.baseUrl = options.url.replace(/\/+$/, '');
    const { username, password = '' } = options;
    this.headers = {
      accept: CONTENT_TYPE,
      'content-type': CONTENT_TYPE,
      ...(username === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }),
    };
  }

  /** @throws LedgerwireError `registry-unreachable` (retry) unless the registry answers. */
  async ping(): Promise<void> {
    const { status } = await this.request('GET', '/subjects');
    if (status >= 300) throw unreachable(`it answers ${status}`);
  }

  /**
   * Sets the compatibility rule first, then registers. A schema that is there already keeps its id.
   * @throws LedgerwireError `registry-unreachable` (retry).
   */
  async ensure(spec: SubjectSpec): Promise<SubjectReport> {
    const rule = await this.request('PUT', `/config/${encodeURIComponent(spec.subject)}`, {
      compatibility: COMPATIBILITY,
    });
    if (rule.status >= 300)
      throw unreachable(`it refuses the compatibility rule of ${spec.subject} (${rule.status})`);
    const known = await this.lookUp(spec);
    if (known !== null) return { subject: spec.subject, state: 'present', id: known, detail: null };
    const answer = await this.request('POST', `/subjects/${encodeURIComponent(spec.subject)}/versions`, {
      schemaType: 'AVRO',
      schema: spec.schema,
    });
    if (answer.status < 300)
      return { subject: spec.subject, state: 'registered', id: Number(answer.body['id']), detail: null };
    if (answer.status === 409 || answer.status === 422)
      return incompatible(spec, textOf(answer.body['message']));
    throw unreachable(`it answers ${answer.status} to the schema of ${spec.subject}`);
  }

  /** Looks without changing anything. @throws LedgerwireError `registry-unreachable` (retry). */
  async check(spec: SubjectSpec): Promise<SubjectReport> {
    const id = await this.lookUp(spec);
    const { subject } = spec;
    if (id === null) {
      const reason = await this.conflict(spec);
      return reason === null ? { subject, state: 'missing', id, detail: null } : incompatible(spec, reason);
    }
    const rule = await this.request('GET', `/config/${encodeURIComponent(subject)}`);
    const level = textOf(rule.body['compatibilityLevel']) || 'not set';
    return level === COMPATIBILITY
      ? { subject, state: 'present', id, detail: null }
      : {
          subject,
          state: 'rule-differs',
          id,
          detail: `compatibility is ${level}, ${COMPATIBILITY} is needed`,
        };
  }

  /** The id of exactly this schema under this subject, or null. */
  private async lookUp(spec: SubjectSpec): Promise<number | null> {
    const answer = await this.request('POST', `/subjects/${encodeURIComponent(spec.subject)}`, {
      schemaType: 'AVRO',
      schema: spec.schema,
    });
    if (answer.status < 300) return Number(answer.body['id']);
    if (answer.status === 404) return null;
    throw unreachable(`it answers ${answer.status} when asked for ${spec.subject}`);
  }

  /** Why the schema could not be registered, or null when it could. */
  private async conflict(spec: SubjectSpec): Promise<string | null> {
    const path = `/compatibility/subjects/${encodeURIComponent(spec.subject)}/versions?verbose=true`;
    const answer = await this.request('POST', path, { schemaType: 'AVRO', schema: spec.schema });
    if (answer.body['is_compatible'] !== false) return null;
    const messages = answer.body['messages'];
    return Array.isArray(messages) ? messages.map(textOf).join('; ') : '';
  }

  private async request(method: string, path: string, body?: object): Promise<Answer> {
    try {
      const response = await fetch(this.baseUrl + path, {
        method,
        headers: this.headers,
        redirect: 'error',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (response.status >= 500) throw unreachable(`it answers ${response.status}`);
      return { status: response.status, body: objectIn(text) };
    } catch (cause) {
      throw cause instanceof LedgerwireError ? cause : unreachable('no answer', cause);
    }
  }
}

function incompatible(spec: SubjectSpec, reason: string): SubjectReport {
  return {
    subject: spec.subject,
    state: 'incompatible',
    id: null,
    detail: reason === '' ? 'not compatible with a version registered before' : reason,
  };
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function unreachable(reason: string, cause?: unknown): LedgerwireError {
  return new LedgerwireError(`the schema registry cannot be used: ${reason}`, {
    code: 'registry-unreachable',
    disposition: 'retry',
    cause,
  });
}
