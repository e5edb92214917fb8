import type { AccountingRecord, Connection } from '#libs/contracts';
import { type EntityReference, type Evaluation, evaluateFlow, type Flow } from '#libs/flows';
import type { TaskContext } from '#libs/streams';
import type { BookedFlow } from '../flow-book.js';
import type { MapperTools } from '../mapper-tools.js';
import { tellRecord } from '../trail.js';
import { emitContacts } from './emit-contacts.step.js';
import { emitMessages } from './emit-messages.step.js';
import { gatherInput, type GatheredInput, type RecordWork, withTarget } from './gather-input.step.js';
import { holdDeferred } from './hold-event.step.js';
import type { EmitManner } from './send-command.step.js';
import { scheduleReminders } from './schedule-reminders.step.js';

interface EvaluatedFlow {
  readonly flow: Flow;
  readonly evaluation: Evaluation;
}

/**
 * Evaluates every flow of the connection on a record and puts into effect what comes of it. Returns the entities that were
 * missing; while there are some, the record is to be evaluated again.
 */
export async function evaluateRecord(
  tools: MapperTools,
  work: RecordWork & { readonly manner: EmitManner },
  context: TaskContext,
): Promise<readonly EntityReference[]> {
  const { record, manner } = work;
  const booked = tools.flows.flowsOf(record.workspaceId, record.connectionId);
  if (booked.length === 0 && !manner.quiet)
    tellRecord(context, record, {
      status: 'skipped',
      reason: 'no-flow',
      detail: 'No flow reads from this connection.',
    });
  const input = gatherInput({ ...work, replay: manner.replay }, context);
  const evaluated = await Promise.all(booked.map((flow) => evaluateOne(tools, flow, input)));
  const needs: EntityReference[] = [];
  for (const result of evaluated) {
    if ('problem' in result) {
      tellUnusable(tools, record, result, context);
      continue;
    }
    const { flow, evaluation } = result;
    emitMessages(tools, record, evaluation, context, manner);
    emitContacts(record, evaluation.contacts, context);
    holdDeferred(tools, record, evaluation.deferrals, context);
    scheduleReminders(tools, flow, input, { ...evaluation, again: manner.again }, context);
    needs.push(...evaluation.needs);
  }
  if (booked.length > 0 && !manner.quiet && evaluated.every(isSilent))
    tellRecord(context, record, {
      status: 'skipped',
      reason: 'no-trigger',
      detail: 'No flow is about such records.',
    });
  return needs;
}

/** A flow that cannot be evaluated, and why. */
interface UnusableFlow {
  readonly problem: 'flow-invalid' | 'unknown-connection';
  readonly detail: string;
  readonly booked: BookedFlow;
}

async function evaluateOne(
  tools: MapperTools,
  booked: BookedFlow,
  input: GatheredInput,
): Promise<EvaluatedFlow | UnusableFlow> {
  if (!booked.flow) return { problem: 'flow-invalid', detail: describeProblems(booked), booked };
  const targetConnection = targetOf(tools, booked);
  if (!targetConnection)
    return {
      problem: 'unknown-connection',
      detail: 'The connection that the flow sends by is not known',
      booked,
    };
  const evaluation = await evaluateFlow(
    booked.flow,
    withTarget(tools, input, targetConnection),
    tools.renderer,
  );
  return { flow: booked.flow, evaluation };
}

/** The connection that a flow sends by. */
export function targetOf({ connections }: MapperTools, booked: BookedFlow): Connection | undefined {
  return connections.get(booked.targetConnectionId);
}

/** The first problem with its place, and how many more there are; flow files hold no personal data but staff lists, which problems never quote. */
export function describeProblems({ version, problems }: BookedFlow): string {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const where = first ? `line ${first.line}: ${first.message}` : 'unknown problem';
  return `Version ${version} of the flow does not parse, ${where}${more}`;
}

function tellUnusable(
  tools: MapperTools,
  record: AccountingRecord,
  unusable: UnusableFlow,
  context: TaskContext,
): void {
  const { problem, detail, booked } = unusable;
  tools.metrics.skipped(problem);
  tellRecord(context, record, { status: 'failed', reason: problem, detail, flowId: booked.flowId });
}

function isSilent(result: EvaluatedFlow | UnusableFlow): boolean {
  return (
    'evaluation' in result &&
    Object.values(result.evaluation).every((part: readonly unknown[]) => part.length === 0)
  );
}
