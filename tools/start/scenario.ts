import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../lib/user-error.ts';
import type { RunningSystem } from './start-system.ts';
import { requireSandbox } from './vendor-variables.ts';

/** How a scenario ended. */
export interface ScenarioOutcome {
  /** Each expected effect happened exactly once. */
  readonly ok: boolean;
}

/** Plays the sandbox scenario on a running system and prints what it saw; `json` asks for output for programs. */
export type PlayScenario = (
  system: RunningSystem,
  output: { readonly json: boolean },
) => Promise<ScenarioOutcome>;

const SCENARIO = join(import.meta.dirname, '..', 'once', 'play-scenario.ts');

/**
 * Loads the scenario of `npm start -- --once`: the function `playScenario` of tools/once/play-scenario.ts.
 *
 * @throws UserError when this checkout has none, or when a vendor is a real one in this environment.
 */
export async function loadScenario(environment: NodeJS.ProcessEnv): Promise<PlayScenario> {
  requireSandbox('npm start -- --once', environment);
  if (!existsSync(SCENARIO)) throw new UserError(`--once: this checkout has no scenario (${SCENARIO})`);
  const module = (await import(SCENARIO)) as { playScenario: PlayScenario };
  return module.playScenario;
}
