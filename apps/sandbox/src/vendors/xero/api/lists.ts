import type { FastifyReply, FastifyRequest } from 'fastify';
import { cutPage, type ListQuery, paginationOf, readListQuery } from '../books/list-query.js';
import type { View } from '../books/views.js';
import { WhereError } from '../books/where.js';
import { sendBadRequest, sendRows } from './envelope.js';

/** How one collection is listed. */
export interface ListRecipe<T> {
  readonly collection: string;
  readonly now: number;
  /** The rows that fit everything but `where`, in order of creation. */
  readonly select: (query: ListQuery) => readonly T[];
  /** The whole view, for `where` and `order`. */
  readonly view: (row: T) => View;
  /** The JSON text of a row in this list. */
  readonly text: (row: T, query: ListQuery) => string;
}

/** Answers a list request; 400 when `where` cannot be read. */
export function sendList<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  recipe: ListRecipe<T>,
): FastifyReply {
  let query: ListQuery;
  try {
    const since = request.headers['if-modified-since'];
    query = readListQuery(request.query as Readonly<Record<string, unknown>>, since);
  } catch (error) {
    if (error instanceof WhereError) return sendBadRequest(reply, 16, 'QueryParseException', error.message);
    throw error;
  }
  const { rows, itemCount } = cutPage(recipe.select(query), query, recipe.view);
  const texts = rows.map((row) => recipe.text(row, query));
  return sendRows(reply, recipe.now, recipe.collection, texts, paginationOf(query, itemCount));
}
