import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { withStep, type Progress } from '../../lib/progress.ts';
import { UserError } from '../../lib/user-error.ts';
import { findJava, findMaven, MINIMUM_JAVA } from './java.ts';

export interface PrerequisiteOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly install: boolean;
  readonly progress: Progress;
}

/** What a machine has of the things that only its administrator can install. */
export interface PrerequisiteFacts {
  readonly findJava: () => Promise<string | undefined>;
  readonly findMaven: () => Promise<string | undefined>;
  /** Root on a machine with apt. */
  readonly canUseApt: boolean;
  readonly aptInstall: (packages: readonly string[]) => Promise<void>;
}

/**
 * The command of a Java runtime that is new enough; fetches one with apt when asked to.
 *
 * @throws UserError with one sentence that says what to install.
 */
export async function requireJava(
  options: PrerequisiteOptions,
  facts = machineFacts(options),
): Promise<string> {
  return require(facts.findJava, `default-jre-headless`, options, facts);
}

/** The Maven command; as `requireJava`. */
export async function requireMaven(
  options: PrerequisiteOptions,
  facts = machineFacts(options),
): Promise<string> {
  return require(facts.findMaven, 'maven', options, facts);
}

async function require(
  find: () => Promise<string | undefined>,
  aptPackage: string,
  options: PrerequisiteOptions,
  facts: PrerequisiteFacts,
): Promise<string> {
  const found = await find();
  if (found !== undefined) return found;
  if (options.install && facts.canUseApt) {
    await withStep(options.progress, `${aptPackage} from apt`, () => facts.aptInstall([aptPackage]));
    const installed = await find();
    if (installed !== undefined) return installed;
  }
  throw new UserError(whatToInstall(options, facts));
}

function whatToInstall(options: PrerequisiteOptions, facts: PrerequisiteFacts): string {
  const sentence = `Ledgerwire needs either a running Docker engine with "docker compose", or a Java runtime (${MINIMUM_JAVA} or newer) and Maven; this machine has neither`;
  if (!facts.canUseApt) {
    const aptHint = options.install ? ' (--install works only as root on Debian or Ubuntu)' : '';
    return `${sentence}: install one of the two${aptHint}.`;
  }
  return options.install
    ? `${sentence}, and apt could not bring a Java runtime that is new enough: install one by hand.`
    : `${sentence}: install one of the two, or let "npm start -- --install" fetch default-jre-headless and maven with apt.`;
}

function machineFacts(options: PrerequisiteOptions): PrerequisiteFacts {
  return {
    findJava: async () => (await findJava(options.environment))?.command,
    findMaven: () => findMaven(options.environment),
    canUseApt: process.getuid?.() === 0 && existsSync('/usr/bin/apt-get'),
    aptInstall: (packages) => aptInstall(packages, options.environment),
  };
}

async function aptInstall(packages: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  await runApt(['update', '-q'], environment);
  await runApt(['install', '-q', '-y', '--no-install-recommends', ...packages], environment);
}

function runApt(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('apt-get', [...args], {
      env: { ...environment, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2_000);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new UserError(`apt-get ${args[0] ?? ''} failed: ${errors.trim()}`));
    });
  });
}
