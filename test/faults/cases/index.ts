import type { FaultTest } from '../suite/fault-test.ts';
import { kill } from './f01-kill.ts';
import { senderKilled } from './f01s-sender-killed.ts';
import { rollingRestart } from './f02-rolling-restart.ts';
import { brokerRestart } from './f03-broker.ts';
import { brokerPaused } from './f04-broker-paused.ts';
import { network } from './f05-network.ts';
import { registryDown } from './f06-registry.ts';
import { database } from './f07-database.ts';
import { vendorErrors } from './f08-vendor-errors.ts';
import { isolation } from './f08i-isolation.ts';
import { slowVendor } from './f09-slow-vendor.ts';
import { ambiguous } from './f10-ambiguous.ts';
import { webhookChaos } from './f11-webhook-chaos.ts';
import { missedWebhooks } from './f12-missed.ts';
import { forgery } from './f13-forgery.ts';
import { clocks } from './f14-clocks.ts';
import { poison } from './f15-poison.ts';
import { hostileInput } from './f16-hostile-input.ts';
import { hostileBooks } from './f17-hostile-books.ts';
import { canaries } from './f18-canaries.ts';
import { tokenRace } from './f19-token-race.ts';
import { diskFull } from './f20-disk-full.ts';
import { schemaEvolution } from './f21-schemas.ts';
import { rebalanceStorm } from './f22-rebalance.ts';
import { lag } from './f23-lag.ts';
import { zombie } from './f24-zombie.ts';
import { replayWhileLive } from './f25-replay.ts';
import { contractDrift } from './f28-drift.ts';
import { operatorErrors } from './f29-operator-errors.ts';
import { starved } from './f30-starved.ts';

/** All faults in the order in which they run: those that caused most public failures first (reliability.md section 6). */
export const faultTests: readonly FaultTest[] = [
  kill,
  senderKilled,
  ambiguous,
  tokenRace,
  webhookChaos,
  brokerRestart,
  zombie,
  forgery,
  contractDrift,
  clocks,
  vendorErrors,
  rebalanceStorm,
  registryDown,
  network,
  database,
  slowVendor,
  poison,
  hostileInput,
  hostileBooks,
  canaries,
  missedWebhooks,
  diskFull,
  schemaEvolution,
  replayWhileLive,
  operatorErrors,
  lag,
  starved,
  rollingRestart,
  brokerPaused,
  // Last: it leaves a hundred thousand records of a company behind that is gone.
  isolation,
];
