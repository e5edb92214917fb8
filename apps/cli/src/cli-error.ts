/** Something that the operator or whoever runs the services can put right. Shown as it is; exit code 1. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
}

/** The command line does not say what is needed. Shown with the command's usage; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
