import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../lib/user-error.ts';

/** The release that wrote every folder that carries no mark. */
const BEFORE_MARKS = '4.3.1';

/** Where the parts of a broker's data folder are. */
export interface KafkaDataFolder {
  readonly logFolder: string;
  readonly configFile: string;
  /** Whether `StorageTool format` has been there. */
  readonly formatted: boolean;
}

/**
 * Makes the folder ready for a broker of this release and marks it as its own. A broker reads what older releases left, but ends
 * with a stack trace over the metadata of a newer one (no tool downgrades it: Kafka's upgrade notes).
 *
 * @throws {UserError} when a newer minor release wrote the data.
 */
export function openKafkaDataFolder(dataFolder: string, version: string): KafkaDataFolder {
  mkdirSync(dataFolder, { recursive: true });
  const logFolder = join(dataFolder, 'log');
  const markFile = join(dataFolder, 'kafka-version');
  const formatted = existsSync(join(logFolder, 'meta.properties'));
  if (formatted) {
    const found = existsSync(markFile) ? readFileSync(markFile, 'utf8').trim() : BEFORE_MARKS;
    if (minorOf(found) > minorOf(version))
      throw new UserError(
        `The data in ${dataFolder} was written by Kafka ${found}, and this is ${version}, which cannot read it. Start with --fresh to begin with empty data`,
      );
  }
  writeFileSync(markFile, `${version}\n`);
  return { logFolder, configFile: join(dataFolder, 'broker.properties'), formatted };
}

/** Of `4.2.1` a number that orders `4.2` among all minor releases. */
function minorOf(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1_000 + minor;
}
