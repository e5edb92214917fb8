import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Kafka 4 brokers need Java 17. */
export const MINIMUM_JAVA = 17;

export interface JavaRuntime {
  readonly command: string;
  readonly major: number;
}

/** The first of JAVA_HOME and PATH that is new enough, or undefined. */
export async function findJava(environment: NodeJS.ProcessEnv): Promise<JavaRuntime | undefined> {
  const home = environment['JAVA_HOME'];
  const candidates = [...(home === undefined || home === '' ? [] : [join(home, 'bin', 'java')]), 'java'];
  for (const command of candidates) {
    const major = await javaMajor(command, environment);
    if (major !== undefined && major >= MINIMUM_JAVA) return { command, major };
  }
  return undefined;
}

/** The Maven command when it answers, or undefined. */
export async function findMaven(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    await run('mvn', ['--version'], { env: environment, timeout: 30_000 });
    return 'mvn';
  } catch {
    return undefined;
  }
}

/** Reads the major version from what `java -version` prints: `openjdk version "17.0.15" …` is 17, `"1.8.0_402"` is 8. */
export function parseJavaMajor(output: string): number | undefined {
  const found = /version "(?:1\.)?(\d+)/.exec(output);
  return found?.[1] === undefined ? undefined : Number(found[1]);
}

async function javaMajor(command: string, environment: NodeJS.ProcessEnv): Promise<number | undefined> {
  try {
    const { stdout, stderr } = await run(command, ['-version'], { env: environment, timeout: 30_000 });
    return parseJavaMajor(stderr + stdout);
  } catch {
    return undefined;
  }
}
