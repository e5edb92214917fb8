import { z } from 'zod';
import { loadConfig, optionalSecretVariable, type Secret } from '#libs/platform';
import { CliError } from '../cli-error.js';
import type { VendorAnswer } from '../http/broker-api.js';
import type { Surroundings } from '../surroundings.js';

type Field = VendorAnswer['fields'][number];

/**
 * The API keys of an account: from variables, and what is missing there from the person at the keyboard. Once one comes from a
 * variable, nothing is asked that may be left out.
 * @throws CliError that names the variables when nobody can be asked.
 */
export async function askForKeys(
  { environment, ask }: Surroundings,
  vendor: VendorAnswer,
): Promise<Record<string, string>> {
  const given = fromVariables(vendor, environment);
  const isAttended = ask !== undefined && given.size === 0;
  const missing = vendor.fields.filter(({ name, required }) => !given.has(name) && (required || isAttended));
  if (missing.length > 0 && !ask) {
    const names = missing.map(({ name }) => variableOf(vendor, name));
    throw new CliError(
      `Nobody is there to type the keys of ${vendor.name}. Set ${names.join(', ')} (or ${names[0] ?? ''}_FILE and so on).`,
    );
  }
  const answers = new Map([...given].map(([name, secret]) => [name, secret.reveal()]));
  for (const field of missing) {
    const answer = await ask?.(questionFor(field), { secret: field.secret });
    if (answer) answers.set(field.name, answer);
    else if (field.required) throw new CliError(`${field.label} is needed. ${field.help}`);
  }
  return Object.fromEntries(answers);
}

function questionFor({ label, required, help }: Field): string {
  return `${label}${required ? '' : ', or nothing'} (${help.replace(/\.$/, '')}): `;
}

/** E.g. LEDGERWIRE_TWILIO_ACCOUNT_SID for `accountSid`. */
function variableOf({ id }: VendorAnswer, field: string): string {
  const words = field.replaceAll(/[A-Z]/g, (letter) => `_${letter}`);
  return `LEDGERWIRE_${id}_${words}`.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
}

function fromVariables(
  vendor: VendorAnswer,
  environment: Surroundings['environment'],
): ReadonlyMap<string, Secret> {
  const schema = z.object(
    Object.fromEntries(
      vendor.fields.map(({ name, label }) => [name, optionalSecretVariable(variableOf(vendor, name), label)]),
    ),
  );
  const { config } = loadConfig(schema, environment);
  return new Map(Object.entries(config).flatMap(([name, value]) => (value ? [[name, value] as const] : [])));
}
