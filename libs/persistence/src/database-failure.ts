import pg from 'pg';
import { QueryFailedError, TypeORMError } from 'typeorm';

/** What the pool says in words only. */
const POOL_WORDS = /^(timeout exceeded when trying to connect|Connection terminated|Client has encountered)/;
const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
]);

/**
 * Whether an error comes from the database or the way to it, so that trying again later makes sense: the server is away,
 * starting, out of connections or too slow, or a statement failed.
 */
export function isDatabaseFailure(error: unknown): boolean {
  if (error instanceof QueryFailedError || error instanceof TypeORMError) return true;
  if (error instanceof pg.DatabaseError) return true;
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && SOCKET_CODES.has(error.code)) return true;
  return POOL_WORDS.test(error.message);
}

/**
 * Whether it is a value that the database refuses: SQLSTATE classes 22 (data exception, e.g. a NUL in a text) and 54 (program limit
 * exceeded, e.g. a value that is too long for an index). https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function refusesValue(error: unknown): error is { readonly code: string } {
  return /^(22|54)/.test(sqlStateOf(error));
}

/** Whether it never takes the same data again: {@link refusesValue}, or class 23 (integrity constraint violation). */
export function refusesData(error: unknown): boolean {
  return refusesValue(error) || sqlStateOf(error).startsWith('23');
}

function sqlStateOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
