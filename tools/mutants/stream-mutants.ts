import type { Mutant } from './mutant.ts';

/** Mechanisms of libs/streams. Most need a death or a lost answer at the right moment, which the simulation finds quickest. */
export const streamMutants: readonly Mutant[] = [
  {
    name: 'streams-fencing',
    removes:
      'the fencing: every owner of a task has a transactional id of its own, so that a zombie commits too',
    edits: [
      {
        file: 'libs/streams/src/kafka/transactional-task-log.ts',
        find: 'const transactionalId = `${this.options.service}.${partition}`;',
        replace: 'const transactionalId = `${this.options.service}.${partition}.${Math.random()}`;',
      },
    ],
    caughtBy: ['simulation'],
    note: 'a process must be stopped for longer than its session and go on',
  },
  {
    name: 'streams-doubtful-producer',
    removes: 'the replacement of a producer whose transaction is in doubt: it tries the same again',
    edits: [
      {
        file: 'libs/streams/src/kafka/transactional-task-log.ts',
        find: '    // Not usable until the broker has said yes to every part: an exception anywhere leaves it closed.\n    this.usable = false;\n',
        replace: '',
      },
      {
        file: 'libs/streams/src/task/committer.ts',
        find: 'await this.ports.commit({ records, positions });',
        replace:
          'await this.ports.commit({ records, positions }).catch(() => this.ports.commit({ records, positions }));',
      },
    ],
    caughtBy: ['simulation'],
    note: 'the answer to a commit must be lost',
  },
  {
    name: 'streams-watermark',
    removes: 'the low watermark: what is committed is how far was read, finished or not',
    edits: [
      {
        file: 'libs/streams/src/task/finished-offsets.ts',
        find: 'return first ?? this.next;',
        replace: 'return first === undefined ? this.next : this.next;',
      },
    ],
    caughtBy: ['simulation'],
    note: 'a process must die while records are being handled',
  },
];
