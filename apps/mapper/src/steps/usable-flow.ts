import type { AccountingRecord, Connection } from '#libs/contracts';
import type { Flow } from '#libs/flows';
import type { MapperTools } from '../mapper-tools.js';
import { describeProblems, targetOf } from './evaluate-record.step.js';

/** A flow with its two connections, or why it cannot be used (any more). */
export type UsableFlow =
  | {
      readonly ok: true;
      readonly flow: Flow;
      readonly sourceConnection: Connection;
      readonly targetConnection: Connection;
    }
  | { readonly ok: false; readonly why: { readonly reason: string; readonly detail: string } };

/** Looks up what a timer's work needs; flows and connections may have gone since it was set. */
export function findUsableFlow(tools: MapperTools, flowId: string, record: AccountingRecord): UsableFlow {
  const booked = tools.flows.find(flowId);
  const sourceConnection = tools.connections.get(record.connectionId);
  const targetConnection = booked && targetOf(tools, booked);
  const { flow } = booked ?? {};
  if (flow && sourceConnection && targetConnection)
    return { ok: true, flow, sourceConnection, targetConnection };
  if (booked && !flow)
    return { ok: false, why: { reason: 'flow-invalid', detail: describeProblems(booked) } };
  const detail = 'The flow or its connection is no longer there';
  return { ok: false, why: { reason: 'flow-changed', detail } };
}
