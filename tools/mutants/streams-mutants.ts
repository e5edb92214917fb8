import type { Mutant } from './mutant.ts';

const TASK_LOG = 'libs/streams/src/kafka/transactional-task-log.ts';

/** What libs/streams promises, taken out piece by piece. Only crashes and lost answers at chosen moments show it. */
export const streamsMutants: readonly Mutant[] = [
  {
    name: 'task-fencing',
    removes:
      'the fencing: every owner of a task has a producer id of its own, so that a former one can still commit',
    edits: [
      {
        file: TASK_LOG,
        find: 'const transactionalId = `${this.options.service}.${partition}`;',
        replace: 'const transactionalId = `${this.options.service}.${partition}.${Math.random()}`;',
      },
    ],
    caughtBy: ['simulation'],
  },
  {
    name: 'task-doubtful-producer',
    removes: 'the replacement of a doubtful producer: a commit whose answer was lost counts as done',
    edits: [
      {
        file: TASK_LOG,
        find: 'await this.transactions.endTxn({ ...this.producer, transactionResult: true });',
        replace:
          'await this.transactions.endTxn({ ...this.producer, transactionResult: true }).catch(() => undefined);',
      },
    ],
    caughtBy: ['simulation'],
  },
  {
    name: 'task-watermark',
    removes: 'the low watermark: what was read counts as finished, also while it is still being handled',
    edits: [
      {
        file: 'libs/streams/src/task/finished-offsets.ts',
        find: 'return first ?? this.next;',
        replace: 'return first === undefined ? this.next : this.next;',
      },
    ],
    caughtBy: ['simulation'],
  },
];
