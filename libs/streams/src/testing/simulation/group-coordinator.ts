import type { Assigner, GroupMember } from '../../kafka/kafkajs-internals.js';
import type { EventQueue } from './event-queue.js';
import { protocolError } from './protocol-error.js';

/** What a member brings when it joins. */
export interface JoinRequest {
  /** undefined at first: the coordinator gives one. */
  readonly memberId: string | undefined;
  readonly topics: readonly string[];
  readonly metadata: Buffer;
  /** Used when this member becomes the leader. */
  readonly assigner: Assigner;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
}

/** What a member learns from a rebalance. */
export interface JoinAnswer {
  readonly memberId: string;
  readonly generation: number;
  readonly assignment: Buffer;
}

interface Member {
  request: JoinRequest;
  /** Set while it waits for the rebalance to end. */
  joined: { resolve: (answer: JoinAnswer) => void; reject: (error: Error) => void } | undefined;
  cancelExpiry: () => void;
}

/** The broker's side of one consumer group: members, generations, rebalances, session time-outs. */
export class GroupCoordinator {
  private readonly members = new Map<string, Member>();
  private generation = 0;
  private rebalancing = false;
  private created = 0;
  private cancelDeadline: () => void = () => undefined;

  constructor(
    private readonly groupId: string,
    private readonly queue: EventQueue,
    private readonly note: (what: () => string) => void,
  ) {}

  /** Resolves when the rebalance that this causes has ended. */
  join(request: JoinRequest): Promise<JoinAnswer> {
    if (request.memberId !== undefined && !this.members.has(request.memberId)) {
      return Promise.reject(protocolError('UNKNOWN_MEMBER_ID'));
    }
    const memberId = request.memberId ?? this.newMemberId();
    const member = this.members.get(memberId) ?? {
      request,
      joined: undefined,
      cancelExpiry: () => undefined,
    };
    member.request = request;
    this.members.set(memberId, member);
    member.cancelExpiry();
    member.joined?.reject(protocolError('REBALANCE_IN_PROGRESS'));
    const answer = new Promise<JoinAnswer>((resolve, reject) => {
      member.joined = { resolve, reject };
    });
    this.startRebalance(request.rebalanceTimeoutMs);
    this.tryComplete();
    return answer;
  }

  /** @throws ProtocolError when the member must join again. */
  heartbeat(memberId: string, generation: number): void {
    const member = this.members.get(memberId);
    if (!member) throw protocolError('UNKNOWN_MEMBER_ID');
    if (generation !== this.generation) throw protocolError('ILLEGAL_GENERATION');
    if (!member.joined) this.expectSignOfLife(memberId, member);
    if (this.rebalancing) throw protocolError('REBALANCE_IN_PROGRESS');
  }

  leave(memberId: string): void {
    this.remove(memberId, 'leaves');
  }

  private newMemberId(): string {
    this.created += 1;
    return `member-${this.created}`;
  }

  private startRebalance(timeoutMs: number): void {
    if (this.rebalancing) return;
    this.rebalancing = true;
    this.cancelDeadline = this.queue.schedule(timeoutMs, () => {
      for (const [memberId, { joined }] of this.members) {
        if (!joined) this.remove(memberId, 'did not join in time');
      }
      this.tryComplete();
    });
  }

  /** The rebalance ends when everybody has joined. */
  private tryComplete(): void {
    const members = [...this.members];
    if (!this.rebalancing || members.length === 0 || members.some(([, { joined }]) => !joined)) return;
    this.cancelDeadline();
    this.rebalancing = false;
    this.generation += 1;
    const { generation } = this;
    const described = members.map(([memberId, { request }]): GroupMember => ({
      memberId,
      memberMetadata: request.metadata,
    }));
    const leader = members[0]?.[1].request;
    if (!leader) return;
    this.note(() => `${this.groupId}: generation ${generation} of ${members.map(([id]) => id).join(', ')}`);
    void leader.assigner.assign({ members: described, topics: leader.topics }).then((assignments) => {
      for (const [memberId, member] of members) {
        const found = assignments.find((assignment) => assignment.memberId === memberId);
        const assignment = found?.memberAssignment ?? Buffer.alloc(0);
        member.joined?.resolve({ memberId, generation, assignment });
        member.joined = undefined;
        this.expectSignOfLife(memberId, member);
      }
    });
  }

  private expectSignOfLife(memberId: string, member: Member): void {
    member.cancelExpiry();
    member.cancelExpiry = this.queue.schedule(member.request.sessionTimeoutMs, () =>
      this.remove(memberId, 'gave no sign of life'),
    );
  }

  private remove(memberId: string, why: string): void {
    const member = this.members.get(memberId);
    if (!member) return;
    member.cancelExpiry();
    member.joined?.reject(protocolError('UNKNOWN_MEMBER_ID'));
    this.members.delete(memberId);
    this.note(() => `${this.groupId}: ${memberId} ${why}`);
    if (this.members.size === 0) {
      this.rebalancing = false;
      this.cancelDeadline();
      return;
    }
    this.startRebalance(member.request.rebalanceTimeoutMs);
    this.tryComplete();
  }
}
