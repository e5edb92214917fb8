/*
 * npm start, npm test and the other commands begin here, under whatever Node there is. This file must parse under very
 * old releases, so that it can say what is missing; the work is in bootstrap/main.mjs.
 */
const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  process.stderr.write(
    `Ledgerwire needs Node.js 20 or newer to begin with, and this is ${process.version}. Install Node.js 24 from your package manager or from nodejs.org, then run the same command again.\n`,
  );
  process.exit(1);
}
const { main } = await import('./bootstrap/main.mjs');
process.exitCode = await main(process.argv.slice(2));
