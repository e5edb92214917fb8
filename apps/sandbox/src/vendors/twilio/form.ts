import type { FastifyRequest } from 'fastify';

/** The fields of a form body, or of a query. */
export class Form {
  constructor(private readonly fields: Readonly<Record<string, string | string[] | undefined>>) {}

  static ofBody(request: FastifyRequest): Form {
    return new Form((request.body ?? {}) as Record<string, string | string[] | undefined>);
  }

  static ofQuery(request: FastifyRequest): Form {
    return new Form(request.query as Record<string, string | string[] | undefined>);
  }

  /** The field's first value; undefined when absent or empty. */
  text(name: string): string | undefined {
    const value = this.raw(name);
    return value === '' ? undefined : value;
  }

  /** The field's first value, empty ones included. */
  raw(name: string): string | undefined {
    const value = this.fields[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** All values of the field. */
  list(name: string): readonly string[] {
    const value = this.fields[name];
    if (Array.isArray(value)) return value;
    return value === undefined || value === '' ? [] : [value];
  }

  /** A whole number within bounds, or `otherwise`. */
  whole(name: string, min: number, max: number, otherwise: number): number {
    const value = Number(this.text(name));
    return this.text(name) !== undefined && Number.isInteger(value)
      ? Math.min(Math.max(value, min), max)
      : otherwise;
  }

  /** A boolean, or undefined. */
  flag(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase();
    return value === 'true' ? true : value === 'false' ? false : undefined;
  }
}
