import { parseArgs } from 'node:util';
import { runSetup } from './run-setup.js';

const HELP = `Prepares a deployment of Ledgerwire: database migrations, Kafka topics, Avro schemas.

Usage: node dist/apps/setup/src/main.js [--check] [--json]

  --check   change nothing; exit 1 when something is missing
  --json    print the report as one JSON document
  --help    show this text

Exit codes: 0 everything is as services need it; 1 it is not, or a dependency did not answer.
Running it again changes nothing. Configuration comes from environment variables (apps/setup/README.md).
`;

function options(): { check: boolean; json: boolean; help: boolean } | undefined {
  try {
    const { values } = parseArgs({
      options: { check: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
    });
    return { check: values.check ?? false, json: values.json ?? false, help: values.help ?? false };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return undefined;
  }
}

const chosen = options();
if (!chosen) process.exitCode = 1;
else if (chosen.help) process.stdout.write(HELP);
else {
  process.exitCode = await runSetup(chosen, {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
}
