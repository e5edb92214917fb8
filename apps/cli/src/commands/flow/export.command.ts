import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from '../../command.js';
import { CliError, UsageError } from '../../cli-error.js';
import type { FlowAnswer } from '../../http/console-answers.js';
import { counted } from '../../output/format.js';

/** Writes definitions to files, or one to the standard output. */
export const flowExportCommand: Command = {
  name: 'flow export',
  summary: 'Write definitions to files: one flow or all; one also to the standard output',
  positionals: ['[<id> …]'],
  options: {
    folder: { value: 'PATH', about: 'write <id>.yaml into this folder; needed for several' },
    overwrite: { about: 'replace files that are there and differ' },
  },
  notes: 'The files are those that were applied, byte for byte: "ledgerwire flow apply" takes them back.',
  async run({ args, console, show, surroundings }) {
    const ids = args.words();
    const folder = args.text('folder');
    const flows =
      ids.length === 0 ? await console.flows() : await Promise.all(ids.map((id) => console.flow(id)));
    if (folder === undefined) {
      const [only, ...others] = flows;
      if (!only || others.length > 0) throw new UsageError('For several flows --folder is needed.');
      if (args.flag('json')) show(only, () => '');
      else surroundings.out(only.yaml);
      return;
    }
    const files: string[] = [];
    await mkdir(resolve(surroundings.folder, folder), { recursive: true });
    for (const flow of flows)
      files.push(await write(surroundings.folder, folder, flow, args.flag('overwrite')));
    show({ files }, () => [...files, `${counted(files.length, 'flow')} written.`].join('\n'));
  },
};

async function write(base: string, folder: string, flow: FlowAnswer, overwrite: boolean): Promise<string> {
  // Ids are made of such letters alone; a console that says otherwise shall not name files of ours.
  if (!/^[A-Za-z0-9][\w.-]*$/.test(flow.flowId))
    throw new CliError('The console named a flow as no flow can be named.');
  const file = join(folder, `${flow.flowId}.yaml`);
  try {
    await writeFile(resolve(base, file), flow.yaml, { flag: overwrite ? 'w' : 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EEXIST')
      throw new CliError(`${file} cannot be written (${String(code)}).`, { cause: error });
    throw new CliError(`${file} is there already; --overwrite replaces it.`, { cause: error });
  }
  return file;
}
