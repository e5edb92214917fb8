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
