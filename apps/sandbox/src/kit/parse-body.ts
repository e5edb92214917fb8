import { BadRequestException } from '@nestjs/common';
import { z } from 'zod';

/** The body as the schema wants it. @throws BadRequestException that names every problem at once. */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body ?? {});
  if (!result.success) throw new BadRequestException(z.prettifyError(result.error));
  return result.data;
}
