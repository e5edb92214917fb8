import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isSameProcess, processIdentity } from '../lib/process-identity.ts';
import { endProcess } from '../lib/processes.ts';

/** A process as noted in a file, recognisable after its number was given to another one. */
export interface NotedProcess {
  readonly pid: number;
  readonly identity: string | undefined;
}

interface LeaseNote {
  readonly owner: NotedProcess;
  readonly processes: readonly NotedProcess[];
  /** Folders elsewhere that belong to the lease too. */
  readonly folders: readonly string[];
}

/** The folder of one disposable infrastructure, and the note by which a later run can clear it away. */
export interface Lease {
  readonly folder: string;
  note(processes: readonly NotedProcess[], folders: readonly string[]): void;
  release(): void;
}

const NOTE_FILE = 'lease.json';

/** Opens a folder below `root` in the name of this process. */
export function openLease(root: string): Lease {
  const folder = join(root, `${process.pid}-${randomBytes(4).toString('hex')}`);
  mkdirSync(folder, { recursive: true });
  const owner = { pid: process.pid, identity: processIdentity(process.pid) };
  const note = (processes: readonly NotedProcess[], folders: readonly string[]): void => {
    const content: LeaseNote = { owner, processes, folders };
    writeFileSync(join(folder, NOTE_FILE), JSON.stringify(content, null, 2));
  };
  note([], []);
  return { folder, note, release: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Ends the processes and removes the folders of every lease whose owner is gone: a test run that was killed could not do
 * it itself. Leases of living owners are left alone.
 */
export async function sweepLeases(root: string): Promise<void> {
  for (const name of listFolders(root)) {
    const folder = join(root, name);
    const note = readNote(folder);
    if (note === undefined || isSameProcess(note.owner.pid, note.owner.identity)) continue;
    for (const { pid, identity } of note.processes) {
      if (isSameProcess(pid, identity)) await endProcess(pid, { signal: 'SIGKILL', graceMs: 5_000 });
    }
    for (const path of [...note.folders, folder]) rmSync(path, { recursive: true, force: true });
  }
}

function listFolders(root: string): string[] {
  try {
    return readdirSync(root);
  } catch {
    return [];
  }
}

/** Undefined for a folder whose owner has not written its note yet. */
function readNote(folder: string): LeaseNote | undefined {
  try {
    // Written by openLease above and by nobody else.
    return JSON.parse(readFileSync(join(folder, NOTE_FILE), 'utf8')) as LeaseNote;
  } catch {
    return undefined;
  }
}
