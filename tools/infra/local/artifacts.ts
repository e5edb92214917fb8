import { createInterface } from 'node:readline';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../bootstrap/lock.mjs';
import type { Progress } from '../../lib/progress.ts';
import { withStep } from '../../lib/progress.ts';
import { UserError } from '../../lib/user-error.ts';
import { versions } from '../versions.ts';

/** Folders with the jars of the two programs that come from Maven Central. */
export interface Artifacts {
  readonly kafkaFolder: string;
  readonly registryFolder: string;
}

export interface ArtifactOptions {
  readonly libFolder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: Progress;
  /** Finds Maven; asked only when something has to be fetched. Throws when there is none. */
  readonly findMaven: () => Promise<string>;
  readonly signal?: AbortSignal;
}

/** Where the artifacts of the pinned versions are, or will be. The folder's name carries the versions. */
export function artifactFolders(libFolder: string): Artifacts & { readonly root: string } {
  const root = join(libFolder, `kafka-${versions.kafka}-registry-${versions.registry}`);
  return { root, kafkaFolder: join(root, 'kafka'), registryFolder: join(root, 'registry') };
}

/**
 * Makes sure that Kafka and the registry are unpacked under the library folder. They are fetched into a folder aside and
 * renamed when complete, so that an interrupted download leaves nothing half done.
 */
export async function ensureArtifacts(options: ArtifactOptions): Promise<Artifacts> {
  const folders = artifactFolders(options.libFolder);
  if (existsSync(folders.root)) return folders;
  await withLock(join(options.libFolder, 'download.lock'), async () => {
    if (existsSync(folders.root)) return;
    const maven = await options.findMaven();
    await withStep(options.progress, 'Kafka and schema registry from Maven Central', async (step) => {
      const staging = join(options.libFolder, `staging-${process.pid}`);
      rmSync(staging, { recursive: true, force: true });
      mkdirSync(staging, { recursive: true });
      try {
        await runMaven(maven, staging, options, (file) => step.detail(file));
        renameSync(staging, folders.root);
      } finally {
        rmSync(staging, { recursive: true, force: true });
      }
    });
  });
  return folders;
}

async function runMaven(
  maven: string,
  target: string,
  options: ArtifactOptions,
  onFile: (file: string) => void,
): Promise<void> {
  const pom = join(import.meta.dirname, 'maven', 'pom.xml');
  const strictChecksums = '-C';
  const args = ['-B', strictChecksums, '-f', pom, 'generate-resources', `-Dledgerwire.target=${target}`];
  const child = spawn(maven, args, {
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const errors: string[] = [];
  const readLines = async (stream: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of createInterface({ input: stream })) {
      const file = /Downloading from \S+: \S*\/([^/\s]+)$/.exec(line)?.[1];
      if (file !== undefined) onFile(file);
      if (line.includes('ERROR')) errors.push(line);
    }
  };
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
  const [code] = await Promise.all([ended, readLines(child.stdout), readLines(child.stderr)]);
  if (code === 0) return;
  throw new UserError(
    `Maven could not fetch Kafka ${versions.kafka} and Apicurio Registry ${versions.registry}. Check the connection to Maven Central (a proxy or mirror belongs into ~/.m2/settings.xml) and try again. Maven said:\n${errors.slice(0, 5).join('\n')}`,
  );
}
