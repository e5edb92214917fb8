import { commonOptions } from './arguments.js';
import type { Command, Option } from './command.js';
import { table } from './output/table.js';

/** `ledgerwire --help`, or the commands that begin with a word, e.g. all of `flow`. */
export function overview(commands: readonly Command[], within = ''): string {
  const shown = commands.filter(({ name }) => within === '' || name.split(' ')[0] === within);
  return [
    `Usage: ledgerwire ${within === '' ? '<command>' : `${within} <command>`} [options]`,
    '',
    ...table(
      [],
      shown.map((command) => [`  ${usageOf(command)}`, command.summary]),
    ),
    '',
    `ledgerwire ${within === '' ? '<command>' : `${within} <command>`} --help says more. Every command has --json.`,
    ...(within === '' ? ['', WHERE, '', EXIT_CODES] : []),
  ].join('\n');
}

/** `ledgerwire <command> --help`. */
export function commandHelp(command: Command): string {
  const options = Object.entries({ ...command.options, ...commonOptions });
  return [
    `${command.summary}.`,
    '',
    `Usage: ${usageLine(command)}`,
    '',
    ...table(
      [],
      options.map(([name, option]) => [`  ${optionUsage(name, option)}`, option.about]),
    ),
    ...(command.notes === undefined ? [] : ['', command.notes.trim()]),
  ].join('\n');
}

/** How a command is typed. */
export function usageLine(command: Command): string {
  return `ledgerwire ${usageOf(command)} [options]`;
}

const WHERE = `Where the services are: LEDGERWIRE_CONSOLE_URL and LEDGERWIRE_CONSOLE_TOKEN, LEDGERWIRE_TOKEN_BROKER_URL and
LEDGERWIRE_OPERATOR_TOKEN (tokens also as <NAME>_FILE); where those are unset, what a running "npm start" has left
in .ledgerwire of this folder or one above it.`;

const EXIT_CODES = 'Exit codes: 0 done, 1 failed (the message says what to do), 2 the command line is wrong.';

function usageOf({ name, positionals = [] }: Command): string {
  return [name, ...positionals].join(' ');
}

function optionUsage(name: string, { value, multiple }: Option): string {
  return `--${name}${value === undefined ? '' : ` ${value}`}${multiple ? ' …' : ''}`;
}
