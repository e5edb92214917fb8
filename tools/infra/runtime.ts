import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UserError } from '../lib/user-error.ts';
import type { InfrastructureRuntime } from './infrastructure.types.ts';

const VARIABLE = 'LEDGERWIRE_INFRASTRUCTURE';

/** What the choice depends on; tests put their own answers in. */
export interface RuntimeFacts {
  /** A Docker engine answers. */
  readonly dockerAnswers: () => Promise<boolean>;
  /** `docker compose` (version 2) is there. */
  readonly composeAnswers: () => Promise<boolean>;
}

/**
 * Decides how the infrastructure runs: as LEDGERWIRE_INFRASTRUCTURE says (`docker`, `local` or `external`), else in
 * Docker where an engine answers, else as local processes. `npm start` needs `docker compose` besides the engine.
 *
 * @throws UserError for an unknown value of the variable, and when `docker` is asked for and does not answer.
 */
export async function chooseRuntime(
  environment: NodeJS.ProcessEnv,
  needsCompose: boolean,
  facts: RuntimeFacts = dockerFacts(environment),
): Promise<InfrastructureRuntime> {
  const wish = environment[VARIABLE] ?? '';
  if (wish === 'local' || wish === 'external') return wish;
  if (wish !== '' && wish !== 'docker' && wish !== 'auto') {
    throw new UserError(`${VARIABLE} is "${wish}"; it can be docker, local, external or auto`);
  }
  const engine = await facts.dockerAnswers();
  const usable = engine && (!needsCompose || (await facts.composeAnswers()));
  if (usable) return 'docker';
  if (wish === 'docker') {
    throw new UserError(
      engine
        ? `${VARIABLE}=docker, but "docker compose" does not answer: install the Docker Compose plugin`
        : `${VARIABLE}=docker, but no Docker engine answers "docker info": start it`,
    );
  }
  return 'local';
}

/** Asks the docker command on the PATH. */
export function dockerFacts(environment: NodeJS.ProcessEnv): RuntimeFacts {
  const ask = async (args: readonly string[]): Promise<boolean> => {
    try {
      const { stdout } = await promisify(execFile)('docker', [...args], { env: environment, timeout: 5_000 });
      return stdout.trim() !== '';
    } catch {
      return false;
    }
  };
  return {
    // The client exits 0 without an engine in some releases, but then it has no server version to print.
    dockerAnswers: () => ask(['info', '--format', '{{.ServerVersion}}']),
    composeAnswers: () => ask(['compose', 'version', '--short']),
  };
}
