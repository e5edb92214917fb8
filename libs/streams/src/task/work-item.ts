import type { ParkedWork } from '#libs/contracts';
import type { DueTimer, InputRecord } from '../api/context.js';
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
