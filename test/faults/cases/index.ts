import type { FaultTest } from '../suite/fault-test.ts';
import { kill } from './f01-kill.ts';
import { ambiguous } from './f10-ambiguous.ts';

/** All faults in the order in which they run: those that caused most public failures first (reliability.md section 6). */
export const faultTests: readonly FaultTest[] = [kill, ambiguous];
