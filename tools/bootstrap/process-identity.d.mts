export function processIdentity(pid: number): string | undefined;
export function askPs(column: string, pid: number): string | undefined;
