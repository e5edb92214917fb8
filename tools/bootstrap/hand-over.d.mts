export function handOver(task: {
  readonly root: string;
  readonly nodePath: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly npmIsThere: () => boolean;
}): Promise<number>;
