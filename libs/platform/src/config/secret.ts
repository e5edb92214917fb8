import { inspect } from 'node:util';

/** What every accidental way of printing a {@link Secret} shows. */
const SHOWN = '[secret]';

/**
 * A value that must not be printed. String conversion, JSON, `util.inspect` and template strings show `[secret]`; the value is
 * in a private field, so that no enumeration, spread or structured clone finds it. Only `reveal()` gives it away, which makes
 * the places that use it easy to search for.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    Object.freeze(this);
  }

  /** The value. Call it where the value is used, not where it is passed on. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.toPrimitive](): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
