/** The store key of a timer. */
export function timerKeyOf(name: string, key: string): string {
  return `${name}\u0000${key}`;
}
