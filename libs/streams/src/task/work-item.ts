import type { ParkedWork } from '#libs/contracts';
import type { DueTimer, InputRecord, TaskContext } from '../api/context.js';
import type { RawRecord } from '../log/raw-record.js';
import type { LaneItem } from './lane-scheduler.js';
import type { InputHandler, Invoke, TickHandler } from './topology.js';

/** A record that waits for its handler or is being handled. */
export interface RecordItem extends LaneItem {
  readonly kind: 'record';
  readonly handler: InputHandler;
  readonly raw: RawRecord;
  readonly input: InputRecord<unknown>;
  /** Set when the record was parked: its entry in the `parked` store. Such a record is finished in its input already. */
  readonly parked: { readonly storeKey: string; readonly work: ParkedWork } | undefined;
}

/** A timer that has come due. */
export interface TimerItem extends LaneItem {
  readonly kind: 'timer';
  readonly handler: Invoke<DueTimer>;
  readonly storeKey: string;
  readonly input: DueTimer;
}

/** A periodic call. */
export interface TickItem extends LaneItem {
  readonly kind: 'tick';
  readonly handler: TickHandler;
  readonly input: DueTimer;
}

/** Everything that runs in lanes. */
export type WorkItem = RecordItem | TimerItem | TickItem;

/** Whether the item is a record, and not a timer or tick that happens to share its lane. */
export function isRecord(item: WorkItem): item is RecordItem {
  return item.kind === 'record';
}

/** Calls the handler of items that run together; rejects with what it threw. */
export async function invokeHandler(items: readonly WorkItem[], context: TaskContext): Promise<void> {
  const [first] = items;
  if (!first) return;
  if (first.kind === 'timer') await first.handler(first.input, context);
  else if (first.kind === 'tick') await first.handler.invoke(first.input, context);
  else {
    const inputs = items.flatMap((item) => (item.kind === 'record' ? [item.input] : []));
    await first.handler.invoke(first.handler.together ? inputs : first.input, context);
  }
}

/** What the metrics call the handler of an item. */
export function nameOfWork(item: WorkItem): string {
  if (item.kind === 'record') return item.handler.topic.name;
  return item.kind === 'timer' ? `timer:${item.input.name}` : `every:${item.input.name}`;
}
