import type { Edit, Mutant } from './mutant.ts';
import { streamsMutants } from './streams-mutants.ts';

const withoutFingerprints: Edit = {
  file: 'apps/fetcher/src/steps/compare-entity.step.ts',
  find: "return entity.contentHash === known.contentHash ? 'unchanged' : 'changed';",
  replace: "return 'changed';",
};

const withoutCommandIds: Edit = {
  file: 'apps/mapper/src/steps/send-command.step.ts',
  find: 'context.store(mapperStores.commands).get(commandId) !== undefined ||',
  replace: '',
};

const withoutCallbackProof: Edit = {
  file: 'apps/twilio-sender/src/steps/apply-report.step.ts',
  find: 'if (commandId !== null && !link) proveSend(context, commandId, report.messageSid);',
  replace: '',
};

const withoutSenderStates: Edit = {
  file: 'apps/twilio-sender/src/command-states.ts',
  find: "return STANDINGS[state.status] ?? 'ended';",
  replace: "return 'open';",
};

/** Every mechanism that can be taken out, cheapest to understand first. Suites pick theirs by `caughtBy`. */
export const mutants: readonly Mutant[] = [
  {
    name: 'fetcher-fingerprints',
    removes: 'the comparison with what was emitted before: each redelivered webhook emits its record again',
    edits: [withoutFingerprints],
    caughtBy: ['once', 'simulation'],
    note: 'no message is doubled, since mapper and sender still drop what they have seen; the trail shows it',
  },
  {
    name: 'fetcher-publish',
    removes:
      'the publishing of what was compared: two lanes that hold one entity both tell it, and an older state may come last',
    edits: [
      {
        file: 'apps/fetcher/src/steps/emit-prepared.step.ts',
        find: 'context.publish();',
        replace: '',
      },
    ],
    caughtBy: ['simulation'],
  },
  {
    name: 'mapper-command-ids',
    removes: 'the store of command ids: what was derived before is derived again',
    edits: [withoutFingerprints, withoutCommandIds],
    caughtBy: ['once', 'simulation'],
    note: 'without the fingerprints too, or no redelivery would reach the mapper; the sender still drops the second command',
  },
  {
    name: 'sender-command-states',
    removes: 'the whole deduplication: fingerprints, command ids, and the sender knowing what it has sent',
    edits: [withoutFingerprints, withoutCommandIds, withoutSenderStates],
    caughtBy: ['once', 'faults', 'simulation'],
    note: 'each of the three alone still keeps messages from being doubled; this is what a person sees when all are gone',
  },
  {
    name: 'sender-doubt',
    removes: 'the doubt after a lost answer: it counts as not processed, and the message is sent again',
    edits: [
      {
        file: 'apps/twilio-sender/src/steps/judge-failure.step.ts',
        find: "if (error.effect === 'unknown') return { kind: 'doubt', errorCode: vendorCodeOf(error) };",
        replace: "if (error.effect === 'unknown') return { kind: 'release', error };",
      },
      withoutCallbackProof,
    ],
    caughtBy: ['once', 'faults', 'simulation'],
    note: 'without the proof by callback too: it usually comes before the repetition and stops it',
  },
  {
    name: 'sender-reconciliation',
    removes: 'the settling of doubts: neither a callback nor the list of the vendor proves a send',
    edits: [
      withoutCallbackProof,
      {
        file: 'apps/twilio-sender/src/steps/find-sent-message.step.ts',
        find: "if (messageSid !== undefined) return { kind: 'found', messageSid };",
        replace: "if (messageSid !== undefined) return { kind: 'unknown', errorCode: 'mutant' };",
      },
    ],
    caughtBy: ['once', 'faults', 'simulation'],
    note: 'both ways at once: each settles on its own what the other misses',
  },
  {
    name: 'mapper-recheck',
    removes: 'the second look before a reminder leaves: it goes by the state that is known',
    edits: [
      {
        file: 'apps/mapper/src/mapper.pipeline.ts',
        find: "askBeforeReminder(this.tools, payloadOf(timer, 'reminder'), context);",
        replace: "await askBeforeReminder(this.tools, payloadOf(timer, 'reminder'), context);",
      },
      {
        file: 'apps/mapper/src/steps/ask-before-reminder.step.ts',
        find: 'const about = aboutReminder(tools.flows.find(flowId)?.flow, key);',
        replace: `return import('./answer-reminder.step.js').then(({ answerReminder }) =>
          answerReminder(tools, invoice, key, context));
        const about = aboutReminder(tools.flows.find(flowId)?.flow, key);`,
      },
    ],
    caughtBy: ['once', 'simulation'],
  },
  {
    name: 'sender-intent',
    removes: 'the intent before the call: a sender that died between call and outcome calls again',
    edits: [
      {
        file: 'apps/twilio-sender/src/steps/attempt-send.step.ts',
        find: 'new CommandLedger(context).intend(command);',
        replace: '',
      },
    ],
    caughtBy: ['faults', 'simulation'],
    note: 'only the death of a sender in mid-call needs it, and `--once` kills nobody',
  },
  {
    name: 'sender-interrupted',
    removes: 'the look for a message whose sender died: an intent without outcome is sent again',
    edits: [
      {
        file: 'apps/twilio-sender/src/command-states.ts',
        find: "intended: 'interrupted',",
        replace: "intended: 'open',",
      },
    ],
    caughtBy: ['faults', 'simulation'],
    note: 'only the death of a sender in mid-call needs it, and `--once` kills nobody',
  },
  ...streamsMutants,
];
