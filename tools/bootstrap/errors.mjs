/** Something the person at the keyboard can put right; shown without a stack trace. */
export class BootstrapError extends Error {
  name = 'BootstrapError';
}
