export function withLock<T>(
  folder: string,
  work: () => Promise<T> | T,
  options?: { onWait?: (ownerPid: number | undefined) => void; pollMs?: number },
): Promise<T>;
