import { LedgerwireError } from '#libs/core';
import { Arguments, parseArguments } from './arguments.js';
import { CliError, UsageError } from './cli-error.js';
import type { Call, Command } from './command.js';
import { commands } from './commands/index.js';
import { Addresses } from './config/addresses.js';
import { commandHelp, overview, usageLine } from './help.js';
import { ApiClient } from './http/api-client.js';
import { BrokerApi } from './http/broker-api.js';
import { ConsoleApi } from './http/console-api.js';
import type { Surroundings } from './surroundings.js';

const FAILED = 1;
const WRONG_USAGE = 2;
/** As shells have it for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Runs one command line. Answers the exit code: 0 done, 1 failed, 2 the command line is wrong. */
export async function runCli(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const command = commandOf(words);
  if (!command) return answerWithoutCommand(words, surroundings);
  try {
    const args = parseArguments(command, words.slice(command.name.split(' ').length));
    if (args.flag('help')) {
      surroundings.out(`${commandHelp(command)}\n`);
      return 0;
    }
    return (await command.run(callOf(args, surroundings))) ?? 0;
  } catch (error) {
    return explain(error, command, surroundings);
  }
}

/** The command with the longest name that the words begin with. */
function commandOf(words: readonly string[]): Command | undefined {
  return commands
    .filter(({ name }) => name.split(' ').every((part, index) => words[index] === part))
    .sort((a, b) => b.name.length - a.name.length)[0];
}

function answerWithoutCommand(words: readonly string[], { out, err }: Surroundings): number {
  const [first = ''] = words;
  const family = commands.some(({ name }) => name.startsWith(`${first} `)) ? first : '';
  const rest = family === '' ? words : words.slice(1);
  const [asked = 'help'] = rest;
  if (['help', '--help', '-h'].includes(asked)) {
    out(`${overview(commands, family)}\n`);
    return words.length === 0 || (family !== '' && rest.length === 0) ? WRONG_USAGE : 0;
  }
  err(`There is no command “${[family, asked].join(' ').trim()}”.\n\n${overview(commands, family)}\n`);
  return WRONG_USAGE;
}

function callOf(args: Arguments, surroundings: Surroundings): Call {
  const addresses = new Addresses(surroundings.environment, surroundings.folder);
  const { out, err, signal } = surroundings;
  return {
    args,
    surroundings,
    addresses,
    console: new ConsoleApi(new ApiClient('The console', () => addresses.console(), signal)),
    broker: new BrokerApi(new ApiClient('Token-broker', () => addresses.broker(), signal)),
    show: (answer, text) => out(`${args.flag('json') ? JSON.stringify(answer, null, 2) : text()}\n`),
    tell: (text) => err(`${text}\n`),
  };
}

function explain(error: unknown, command: Command, { err, signal }: Surroundings): number {
  if (signal.aborted) return INTERRUPTED;
  if (error instanceof UsageError) {
    err(`${error.message}\n\nUsage: ${usageLine(command)}\nledgerwire ${command.name} --help says more.\n`);
    return WRONG_USAGE;
  }
  if (error instanceof CliError || error instanceof LedgerwireError) {
    err(`${error.message}\n`);
    return FAILED;
  }
  throw error;
}
