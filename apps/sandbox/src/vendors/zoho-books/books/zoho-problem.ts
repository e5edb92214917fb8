/** A refusal with Zoho's own code and sentence. */
export class ZohoProblem extends Error {
  override readonly name = 'ZohoProblem';

  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** A value that the API does not take. */
export function invalidValue(field: string): ZohoProblem {
  return new ZohoProblem(400, 2, `Invalid value passed for ${field}.`);
}

/** A document that is not there. */
export function missing(title: string): ZohoProblem {
  return new ZohoProblem(404, 1002, `${title} does not exist.`);
}
