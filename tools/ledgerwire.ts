import { repositoryRoot } from './lib/paths.ts';
import { requireServiceEntry } from './services.ts';

/*
 * `npm run ledgerwire -- <command>`: the program of apps/cli, under Node 24 and freshly built. npm runs scripts in the root; where
 * it was called from, and so where files and `.ledgerwire` are looked for, is in INIT_CWD.
 */
process.chdir(process.env['INIT_CWD'] ?? repositoryRoot);
await import(requireServiceEntry('cli'));
