import { parentPort } from 'node:worker_threads';
import { shrink, simulate } from '#libs/streams';
import type {
  FailedSeed,
  PlayedSeeds,
  ScenarioList,
  ShownSeed,
  WorkerRequest,
} from '../../tools/simulation/workers.ts';
import { scenarios } from './scenarios.js';

const port = parentPort;
port?.on('message', (request: WorkerRequest) => {
  void answerTo(request).then((answer) => port.postMessage(answer));
});

async function answerTo(request: WorkerRequest): Promise<ScenarioList | PlayedSeeds | ShownSeed> {
  if (request.kind === 'list') {
    return { scenarios: scenarios.map(({ scenario, share }) => ({ name: scenario.name, share })) };
  }
  if (request.kind === 'play') return play(request.scenario, request.from, request.count);
  return show(request);
}

async function play(name: string, from: number, count: number): Promise<PlayedSeeds> {
  const scenario = scenarioOf(name);
  const sums = { events: 0, faults: 0, virtualMs: 0 };
  const failed: FailedSeed[] = [];
  for (let seed = from; seed < from + count; seed += 1) {
    const result = await simulate(scenario, seed);
    sums.events += result.events;
    sums.faults += result.strikes.filter(({ name }) => !name.startsWith('step: ')).length;
    sums.virtualMs += result.elapsedMs;
    if (result.violations.length > 0) failed.push({ scenario: name, seed, violations: result.violations });
  }
  return { scenario: name, seeds: count, ...sums, failed };
}

async function show(request: Extract<WorkerRequest, { kind: 'show' }>): Promise<ShownSeed> {
  const scenario = scenarioOf(request.scenario);
  const { result, strikesBefore } = request.shrink
    ? await shrink(scenario, request.seed)
    : { result: await simulate(scenario, request.seed, { keepHistory: true }), strikesBefore: 0 };
  return {
    violations: result.violations,
    history: result.history,
    strikes: result.strikes.map(({ name }) => name),
    strikesBefore,
  };
}

function scenarioOf(wanted: string) {
  const found = scenarios.find(({ scenario }) => scenario.name === wanted);
  if (found) return found.scenario;
  throw new Error(`there is no scenario ${wanted}`);
}
