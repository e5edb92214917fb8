import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Plan } from '../books/contact-rules.js';
import { asFields, type Fields } from '../books/fields.js';
import type { View } from '../books/views.js';
import { sendBadRequest, sendRows, sendValidation } from './envelope.js';

/** How one collection is written. */
export interface WriteRecipe<T> {
  readonly collection: string;
  readonly now: number;
  readonly plan: (fields: Fields) => Plan<T>;
  /** Called after an element was applied. */
  readonly applied: (row: T, action: 'create' | 'update', fields: Fields) => void;
  /** The JSON text of a row for the answer. */
  readonly text: (row: T) => string;
}

/**
 * The elements of a write's body: a bare object, an array, or an object with the plural array. Undefined when the body
 * is none of these.
 */
export function elementsOf(body: unknown, collection: string): Fields[] | undefined {
  const list = Array.isArray(body) ? body : asFields(body)?.[collection];
  if (Array.isArray(list)) {
    const elements = list.map(asFields);
    return elements.every((element) => element !== undefined) ? elements : undefined;
  }
  const single = asFields(body);
  return single ? [single] : undefined;
}

/**
 * Writes the elements of a PUT or POST. By default one bad element refuses the whole request with 400 and nothing is
 * applied; with `summarizeErrors=false` good ones are applied and each element of the answer says how it went.
 */
export function writeElements<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  recipe: WriteRecipe<T>,
): FastifyReply {
  const elements = elementsOf(request.body, recipe.collection);
  if (!elements || elements.length === 0)
    return sendBadRequest(reply, 14, 'PostDataInvalidException', 'JSON for post data was empty or malformed');
  const summarize = readFlag(request, 'summarizeErrors', true);
  return summarize ? writeAll(reply, elements, recipe) : writeEach(reply, elements, recipe);
}

function writeAll<T>(reply: FastifyReply, elements: readonly Fields[], recipe: WriteRecipe<T>): FastifyReply {
  const refused: View[] = [];
  for (const fields of elements) {
    const plan = recipe.plan(fields);
    if ('errors' in plan) refused.push(refusedElement(fields, plan.errors));
  }
  if (refused.length > 0) return sendValidation(reply, refused);
  const rows: string[] = [];
  for (const fields of elements) {
    // Planned again: an earlier element of the same request may have changed what this one may do.
    const plan = recipe.plan(fields);
    if ('errors' in plan) return sendValidation(reply, [refusedElement(fields, plan.errors)]);
    rows.push(recipe.text(apply(plan, fields, recipe)));
  }
  return sendRows(reply, recipe.now, recipe.collection, rows);
}

function writeEach<T>(
  reply: FastifyReply,
  elements: readonly Fields[],
  recipe: WriteRecipe<T>,
): FastifyReply {
  const rows = elements.map((fields) => {
    const plan = recipe.plan(fields);
    if ('errors' in plan)
      return JSON.stringify({
        ...refusedElement(fields, plan.errors),
        StatusAttributeString: 'ERROR',
        HasErrors: true,
      });
    const text = recipe.text(apply(plan, fields, recipe));
    return `{"StatusAttributeString":"OK",${text.slice(1)}`;
  });
  return sendRows(reply, recipe.now, recipe.collection, rows);
}

function apply<T>(
  plan: Exclude<Plan<T>, { errors: readonly string[] }>,
  fields: Fields,
  recipe: WriteRecipe<T>,
): T {
  const row = plan.apply();
  recipe.applied(row, plan.action, fields);
  return row;
}

function refusedElement(fields: Fields, errors: readonly string[]): View {
  return { ...fields, ValidationErrors: errors.map((Message) => ({ Message })) };
}

/** A boolean of the query string, whatever its letter case. */
export function readFlag(request: FastifyRequest, name: string, otherwise: boolean): boolean {
  const query = request.query as Readonly<Record<string, unknown>>;
  const entry = Object.entries(query).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  return typeof entry === 'string' ? entry.toLowerCase() === 'true' : otherwise;
}
