export function fitsEngines(version: string, range: string): boolean;
export function compareVersions(a: string, b: string): number;
export function toolchainNode(folder: string, platform?: string, arch?: string): string;
export function environmentFor(nodePath: string, environment?: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
