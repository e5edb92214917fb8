export function watchNpm(environment?: NodeJS.ProcessEnv): () => boolean;
