import type { InputPosition } from '../log/task-log.js';
import { FinishedOffsets } from './finished-offsets.js';
import type { InputHandler } from './topology.js';

/** Input records of a task by where they lie. */
export interface InputOffset {
  readonly topic: string;
  readonly offset: number;
}

interface Input {
  readonly handler: InputHandler;
  readonly offsets: FinishedOffsets;
}

/** How far each input of a task is read and finished. */
export class InputProgress {
  private readonly inputs = new Map<string, Input>();
  private readonly moved = new Set<string>();

  /** @param committed where the task's last owner left off; inputs without a position are read from their start */
  constructor(handlers: readonly InputHandler[], committed: readonly InputPosition[]) {
    for (const handler of handlers) {
      const position = committed.find(({ topic }) => topic === handler.topic.name);
      const offsets = new FinishedOffsets(position?.offset ?? 0, position?.metadata);
      this.inputs.set(handler.topic.name, { handler, offsets });
    }
  }

  handlerOf(topic: string): InputHandler | undefined {
    return this.inputs.get(topic)?.handler;
  }

  /** Where each input is to be read from. */
  positions(): InputOffset[] {
    return [...this.inputs].map(([topic, { offsets }]) => ({ topic, offset: offsets.position }));
  }

  /** Takes note of a record that was read; false when it is finished already and must not be handled again. */
  begin({ topic, offset }: InputOffset): boolean {
    const input = this.inputs.get(topic);
    if (!input || input.offsets.isFinished(offset)) return false;
    input.offsets.begin(offset);
    return true;
  }

  /** Takes note of how far an input was read. */
  readUpTo(topic: string, nextOffset: number): void {
    this.inputs.get(topic)?.offsets.readUpTo(nextOffset);
  }

  /** Marks records as finished and returns the positions to commit: those that have moved since the last call. */
  finish(finished: readonly InputOffset[]): InputPosition[] {
    for (const { topic, offset } of finished) {
      this.inputs.get(topic)?.offsets.finish(offset);
      this.moved.add(topic);
    }
    const positions = [...this.moved].flatMap((topic) => {
      const offsets = this.inputs.get(topic)?.offsets;
      return offsets ? [{ topic, offset: offsets.position, metadata: offsets.encode() }] : [];
    });
    this.moved.clear();
    return positions;
  }
}
