import { AssignerProtocol } from 'kafkajs';
import type { Assigner } from './kafkajs-internals.js';

const NAME = 'ledgerwire-copartition';
const VERSION = 1;

/** One member as the leader sees it. */
export interface MemberShare {
  readonly memberId: string;
  /** Partitions it owned before this rebalance. */
  readonly owned: readonly number[];
}

/**
 * Gives partition p of *every* input topic to one member, so that a task finds its state; each member keeps what it had as far
 * as an even share allows.
 */
export function assignPartitions(members: readonly MemberShare[], partitions: number): Map<string, number[]> {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const shares = new Map(sorted.map(({ memberId }): [string, number[]] => [memberId, []]));
  const fair = Math.ceil(partitions / Math.max(sorted.length, 1));
  let large = partitions - (fair - 1) * sorted.length;
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  for (const { memberId, owned } of sorted) {
    const share = shares.get(memberId) ?? [];
    for (const partition of owned) {
      const limit = large > 0 ? fair : fair - 1;
      if (share.length < limit && free.delete(partition)) share.push(partition);
    }
    if (share.length === fair) large -= 1;
  }
  for (const partition of free) {
    const [smallest] = [...shares.values()].sort((a, b) => a.length - b.length);
    smallest?.push(partition);
  }
  return shares;
}

/** kafkajs's assigner interface around {@link assignPartitions}; ownership travels as the member's user data. */
export function createCopartitionAssigner(
  partitionCount: (topic: string) => number,
  owned: () => readonly number[],
): Assigner {
  return {
    name: NAME,
    version: VERSION,
    protocol: ({ topics }) => ({
      name: NAME,
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: VERSION,
        topics: [...topics],
        userData: Buffer.from(JSON.stringify(owned())),
      }),
    }),
    assign: ({ members, topics }) => {
      const partitions = Math.max(...topics.map(partitionCount));
      const shares = assignPartitions(
        members.map(({ memberId, memberMetadata }) => ({ memberId, owned: readOwned(memberMetadata) })),
        partitions,
      );
      return Promise.resolve(
        [...shares].map(([memberId, share]) => ({
          memberId,
          memberAssignment: AssignerProtocol.MemberAssignment.encode({
            version: VERSION,
            assignment: Object.fromEntries(topics.map((topic) => [topic, share])),
            userData: Buffer.alloc(0),
          }),
        })),
      );
    },
  };
}

function readOwned(metadata: Buffer): number[] {
  try {
    const decoded = AssignerProtocol.MemberMetadata.decode(metadata);
    const owned = JSON.parse(decoded?.userData?.toString() ?? '[]') as unknown;
    return Array.isArray(owned) ? owned.filter((value): value is number => Number.isInteger(value)) : [];
  } catch {
    return [];
  }
}
