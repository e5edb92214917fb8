import {
  accountingRecordSchema,
  capAnswerSchema,
  capQuestionSchema,
  changeNoticeSchema,
  communicationSchema,
  connectionSchema,
  contactCommandSchema,
  contactWishSchema,
  deadLetterSchema,
  deliveryReportSchema,
  failedMessageSchema,
  flowDefinitionSchema,
  messageCommandSchema,
  operatorRequestSchema,
  outcomeSchema,
} from './generated/schemas.js';
import type {
  AccountingRecord,
  CapAnswer,
  CapQuestion,
  ChangeNotice,
  Communication,
  Connection,
  ContactCommand,
  ContactWish,
  DeadLetter,
  DeliveryReport,
  FailedMessage,
  FlowDefinition,
  MessageCommand,
  OperatorRequest,
  Outcome,
} from './generated/types.js';
import type { SchemaOf } from './schema.js';

/** `delete` with its retention, or `compact` (the last value per key is kept for ever). */
export type CleanupPolicy =
  { readonly kind: 'delete'; readonly retentionDays: number } | { readonly kind: 'compact' };

/** A topic of the catalogue: what is created, registered, written and read goes by this and nothing else. */
export interface Topic<T> {
  readonly name: string;
  readonly schema: SchemaOf<T>;
  /** What the record key is, for people; keys are UTF-8 text. */
  readonly key: string;
  readonly policy: CleanupPolicy;
  /** `chain`: as many partitions as every topic of the chain (tasks are co-partitioned); `single`: one. */
  readonly partitions: 'chain' | 'single';
}

const thirtyDays: CleanupPolicy = { kind: 'delete', retentionDays: 30 };
const ninetyDays: CleanupPolicy = { kind: 'delete', retentionDays: 90 };

/** The notices of one vendor; a topic each, so that one vendor's flood stays in its own. */
export function changeNoticesOf(vendor: string): Topic<ChangeNotice> {
  return {
    name: `change-notices.${vendor}`,
    schema: changeNoticeSchema,
    key: 'connectionId',
    policy: thirtyDays,
    partitions: 'chain',
  };
}

/** What contacts of one vendor's books want; read by the fetcher of that vendor, which keeps its limits. */
export function contactWishesOf(vendor: string): Topic<ContactWish> {
  return {
    name: `contact-wishes.${vendor}`,
    schema: contactWishSchema,
    key: 'connectionId',
    policy: thirtyDays,
    partitions: 'chain',
  };
}

/** The shared topics, by what they carry. */
export const topics = {
  /** Stands for the notices of whichever vendor a fetcher is started for; bound to {@link changeNoticesOf} at start. */
  changeNotices: changeNoticesOf('*'),
  /** Stands for the wishes of one vendor's contacts in the same way; bound to {@link contactWishesOf}. */
  contactWishes: contactWishesOf('*'),
  records: chain<AccountingRecord>('records', accountingRecordSchema, 'connectionId'),
  capQuestions: chain<CapQuestion>('cap-questions', capQuestionSchema, 'workspaceId'),
  capAnswers: chain<CapAnswer>('cap-answers', capAnswerSchema, 'connectionId'),
  messages: chain<MessageCommand>('messages', messageCommandSchema, 'target connectionId'),
  contacts: chain<ContactCommand>('contacts', contactCommandSchema, 'target connectionId'),
  failedMessages: chain<FailedMessage>('failed-messages', failedMessageSchema, 'connectionId (books)'),
  deliveryReports: chain<DeliveryReport>('delivery-reports', deliveryReportSchema, 'connectionId (Twilio)'),
  communications: chain<Communication>('communications', communicationSchema, 'connectionId (Twilio)'),
  outcomes: { ...chain<Outcome>('outcomes', outcomeSchema, 'workspaceId'), policy: ninetyDays },
  deadLetters: { ...chain<DeadLetter>('dead-letters', deadLetterSchema, 'origin key'), policy: ninetyDays },
  operatorRequests: chain<OperatorRequest>('operator-requests', operatorRequestSchema, 'requestId'),
  connections: table<Connection>('connections', connectionSchema, 'connectionId'),
  flows: table<FlowDefinition>('flows', flowDefinitionSchema, 'flowId'),
};

/** The changelog topic of a service's state store. Its keys are store keys; its partition is the task's, explicitly. */
export function stateTopic<T>(service: string, store: string, schema: SchemaOf<T>): Topic<T> {
  return {
    name: `${service}.${store}`,
    schema,
    key: 'store key',
    policy: { kind: 'compact' },
    partitions: 'chain',
  };
}

/** The registry subject of a topic's values (TopicNameStrategy). */
export function subjectOf(topic: Pick<Topic<unknown>, 'name'>): string {
  return `${topic.name}-value`;
}

function chain<T>(name: string, schema: SchemaOf<T>, key: string): Topic<T> {
  return { name, schema, key, policy: thirtyDays, partitions: 'chain' };
}

function table<T>(name: string, schema: SchemaOf<T>, key: string): Topic<T> {
  return { name, schema, key, policy: { kind: 'compact' }, partitions: 'single' };
}
