import type { Arguments } from './arguments.js';
import type { Addresses } from './config/addresses.js';
import type { BrokerApi } from './http/broker-api.js';
import type { ConsoleApi } from './http/console-api.js';
import type { Surroundings } from './surroundings.js';

/** An option of a command. */
export interface Option {
  /** What stands for the value in the help; absent for options without a value. */
  readonly value?: string;
  readonly about: string;
  /** May be given several times. */
  readonly multiple?: boolean;
}

/** What a command is called with. */
export interface Call {
  readonly args: Arguments;
  readonly surroundings: Surroundings;
  readonly addresses: Addresses;
  readonly console: ConsoleApi;
  readonly broker: BrokerApi;
  /** Prints an answer: for scripts as JSON (`--json`), else the text for people. */
  readonly show: (answer: unknown, text: () => string) => void;
  /** Says something on the way, on the standard error, so that `--json` stays clean. */
  readonly tell: (text: string) => void;
}

/** One command of `ledgerwire`. Every command also has `--json` and `--help`. */
export interface Command {
  /** As typed, e.g. `flow apply`. */
  readonly name: string;
  /** One line for the list of commands, without a full stop. */
  readonly summary: string;
  /** What stands after the name; `[…]` may be left out. */
  readonly positionals?: readonly string[];
  readonly options?: Readonly<Record<string, Option>>;
  /** More for `--help`: examples, what to know. */
  readonly notes?: string;
  /** Answers the exit code; nothing = 0. */
  readonly run: (call: Call) => Promise<number | void>;
}
