import {
  changeNoticesOf,
  type CleanupPolicy,
  contactWishesOf,
  stateTopics,
  type Topic,
  topics,
} from '#libs/contracts';
import type { TopicSpec } from '#libs/streams';

/** What the layout of topics depends on. */
export interface TopicPlanOptions {
  readonly vendors: readonly string[];
  readonly chainPartitions: number;
  readonly minInsyncReplicas: number;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MEGABYTE = 1_048_576;

/**
 * A record with the vendor's raw JSON can be large (an invoice of 10,000 lines has about 5 MB before compression); the default
 * of 1 MB would make it unwritable.
 */
const MAX_MESSAGE_BYTES = 8 * MEGABYTE;

/** Every topic of the product for these vendors, from the catalogue. */
export function plannedTopics(vendors: readonly string[]): Topic<unknown>[] {
  const { changeNotices: _notices, contactWishes: _wishes, ...shared } = topics;
  return [
    ...vendors.flatMap((vendor) => [changeNoticesOf(vendor), contactWishesOf(vendor)]),
    ...Object.values(shared),
    ...stateTopics(vendors),
  ];
}

/** How each of them is created. */
export function topicPlan(options: TopicPlanOptions): TopicSpec[] {
  return plannedTopics(options.vendors).map((topic) => ({
    name: topic.name,
    partitions: topic.partitions === 'single' ? 1 : options.chainPartitions,
    config: {
      'min.insync.replicas': String(options.minInsyncReplicas),
      'max.message.bytes': String(MAX_MESSAGE_BYTES),
      // The producer's compression is kept, so that the broker never packs anything again.
      'compression.type': 'producer',
      ...policyConfig(topic.policy),
    },
  }));
}

/** How many copies new topics get: three where the cluster has them, and one less of them must acknowledge. */
export function replicationOf(
  configured: {
    readonly replicationFactor?: number | undefined;
    readonly minInsyncReplicas?: number | undefined;
  },
  brokers: number,
): { readonly replicationFactor: number; readonly minInsyncReplicas: number } {
  const replicationFactor = configured.replicationFactor ?? Math.max(1, Math.min(3, brokers));
  return {
    replicationFactor,
    minInsyncReplicas: configured.minInsyncReplicas ?? Math.max(1, replicationFactor - 1),
  };
}

/**
 * The broker says when a record was appended: it refuses records of a clock that is more than an hour ahead, and deletes at
 * once those of one that is further behind than the retention.
 */
const APPEND_TIME = { 'message.timestamp.type': 'LogAppendTime' };

function policyConfig(policy: CleanupPolicy): Record<string, string> {
  if (policy.kind === 'delete') {
    return {
      ...APPEND_TIME,
      'cleanup.policy': 'delete',
      'retention.ms': String(policy.retentionDays * DAY_MS),
      // Whole segments are deleted: a day each keeps what is past its time from lingering for a week.
      'segment.ms': String(DAY_MS),
    };
  }
  return {
    ...APPEND_TIME,
    'cleanup.policy': 'compact',
    // Only closed segments are compacted. A service reads its state whole when it starts, so that short segments and an early
    // cleaner (a third of waste) are what its time to start depends on.
    'segment.ms': String(6 * HOUR_MS),
    'segment.bytes': String(64 * MEGABYTE),
    'min.cleanable.dirty.ratio': '0.3',
    // A tombstone must outlive the longest restore that may have read the value before it.
    'delete.retention.ms': String(DAY_MS),
  };
}
