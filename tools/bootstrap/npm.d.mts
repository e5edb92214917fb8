export function findNpm(
  environment: NodeJS.ProcessEnv,
  nodePath: string,
  exists?: (path: string) => boolean,
): string;
