const MAX_CAUSES = 4;
const MAX_AGGREGATED = 5;

/** An error as it stands in a log line. */
export interface SerializedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly disposition?: string;
  readonly vendor?: string;
  readonly status?: number;
  readonly stack?: string;
  readonly cause?: SerializedError;
  readonly errors?: readonly SerializedError[];
}

/**
 * An error with a fixed set of fields and its chain of causes. Other own properties are left out on purpose: HTTP and
 * database clients hang requests, responses and rows on their errors.
 */
export function serializeError(error: unknown, depth = 0): SerializedError {
  if (!(error instanceof Error)) return { type: typeof error, message: describe(error) };
  const { code, disposition, vendor, status } = error as unknown as Record<string, unknown>;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof disposition === 'string' ? { disposition } : {}),
    ...(typeof vendor === 'string' ? { vendor } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= MAX_CAUSES
      ? {}
      : { cause: serializeError(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && depth < MAX_CAUSES
      ? { errors: error.errors.slice(0, MAX_AGGREGATED).map((one) => serializeError(one, depth + 1)) }
      : {}),
  };
}

/** Things that are thrown but are no errors: text as it is, of the rest only the kind. */
function describe(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  return `something that is no Error was thrown (${Object.prototype.toString.call(thrown)})`;
}
