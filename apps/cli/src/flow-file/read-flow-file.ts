import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { CliError } from '../cli-error.js';

/** A flow's definition as it lies on the disk. */
export interface FlowFile {
  readonly file: string;
  readonly flowId: string;
  readonly yaml: string;
}

const LARGEST_CHARACTERS = 500_000;

/** @throws CliError when it cannot be read, is no YAML, or has no id. What else is wrong with it the console says. */
export async function readFlowFile(folder: string, file: string): Promise<FlowFile> {
  const yaml = await readFile(resolve(folder, file), 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    throw new CliError(`${file} cannot be read (${code}).`, { cause: error });
  });
  if (yaml.length > LARGEST_CHARACTERS) throw new CliError(`${file} is too large to be a flow.`);
  const content = parsed(file, yaml);
  const id = typeof content === 'object' && content !== null && 'id' in content ? content.id : undefined;
  if (typeof id === 'string' && id !== '') return { file, flowId: id, yaml };
  throw new CliError(
    `${file}: the definition has no id. Put one on a line of its own, e.g. id: invoice-notices`,
  );
}

function parsed(file: string, yaml: string): unknown {
  try {
    return parse(yaml);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const { line, col } = error.linePos?.[0] ?? { line: 1, col: 1 };
    throw new CliError(`${file}:${line}:${col}: ${error.message.split('\n')[0] ?? 'no YAML'}`, {
      cause: error,
    });
  }
}
