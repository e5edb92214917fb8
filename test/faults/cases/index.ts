import type { FaultTest } from '../suite/fault-test.ts';
import { kill } from './f01-kill.ts';
import { brokerRestart } from './f03-broker.ts';
import { registryDown } from './f06-registry.ts';
import { vendorErrors } from './f08-vendor-errors.ts';
import { ambiguous } from './f10-ambiguous.ts';
import { webhookChaos } from './f11-webhook-chaos.ts';
import { forgery } from './f13-forgery.ts';
import { tokenRace } from './f19-token-race.ts';
import { rebalanceStorm } from './f22-rebalance.ts';
import { zombie } from './f24-zombie.ts';

/** All faults in the order in which they run: those that caused most public failures first (reliability.md section 6). */
export const faultTests: readonly FaultTest[] = [
  kill,
  ambiguous,
  tokenRace,
  webhookChaos,
  brokerRestart,
  zombie,
  forgery,
  vendorErrors,
  rebalanceStorm,
  registryDown,
];
