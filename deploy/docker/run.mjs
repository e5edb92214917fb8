import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// The entry of the image: `node run.mjs <service> [arguments of the service]`. The service runs in this very process, so that
// signals reach it without a shell or another process between.
const apps = join(dirname(fileURLToPath(import.meta.url)), 'dist', 'apps');
const [name = '', ...args] = process.argv.slice(2);
const entryOf = (app) => join(apps, app, 'src', 'main.js');

if (/^[a-z][a-z-]*$/.test(name) && existsSync(entryOf(name))) {
  process.argv = [process.execPath, entryOf(name), ...args];
  await import(pathToFileURL(entryOf(name)).href);
} else {
  const known = existsSync(apps) ? readdirSync(apps).filter((app) => existsSync(entryOf(app))) : [];
  process.stderr.write(
    `${name === '' ? 'Say which service to run.' : `There is no service "${name}".`} There are: ${known.sort().join(', ')}\n`,
  );
  process.exitCode = 2;
}
