export function fingerprintFiles(files: readonly string[]): string;
export function fingerprintTree(root: string, paths: readonly string[]): string;
export function filesBelow(path: string): string[];
export function matchesLock(lock: object, installed: object | undefined): boolean;
export function lockFitsManifest(lock: object, manifest: object): boolean;
export function removeOrphans(root: string, outputFolder: string, sourceFolders: readonly string[]): string[];
