import type { ChangeNotice } from '#libs/contracts';

/** One question to the vendor about one entity, with everybody who wants to know. */
export interface FetchRequest {
  readonly workspaceId: string;
  readonly connectionId: string;
  readonly vendor: string;
  readonly entityType: string;
  readonly entityId: string;
  readonly noticeIds: readonly string[];
  readonly webhookIds: readonly string[];
  /** How the first of the notices came about; a webhook goes before all others. */
  readonly origin: string;
  /** A poll found it: no notice of it waits for an outcome. */
  readonly polled?: boolean;
  readonly recheck: boolean;
  readonly recheckTokens: readonly string[];
  /** One of the notices says that the entity is new; left out for what is fetched for another entity's sake. */
  readonly created?: boolean;
  /** One of the notices says that the vendor no longer has it. */
  readonly deleted?: boolean;
  /** When the first of the notices was received, epoch milliseconds. */
  readonly firstNoticedAt: number;
  /** The vendor's latest time of change, where a notice says one. */
  readonly sourceTime: number | null;
}

/** Makes one request of all waiting notices of an entity: the vendor has one current state, however many changes led to it. */
export function coalesceNotices(notices: readonly [ChangeNotice, ...ChangeNotice[]]): FetchRequest {
  const [first] = notices;
  const { workspaceId, connectionId, vendor, entityType, entityId } = first;
  const sourceTimes = notices.flatMap(({ sourceTime }) => sourceTime ?? []);
  return {
    workspaceId,
    connectionId,
    vendor,
    entityType,
    entityId,
    noticeIds: unique(notices.map(({ noticeId }) => noticeId)),
    webhookIds: unique(notices.flatMap(({ webhookId }) => webhookId ?? [])),
    origin: notices.some(({ origin }) => origin === 'webhook') ? 'webhook' : first.origin,
    recheck: notices.some(({ recheck }) => recheck),
    recheckTokens: unique(notices.flatMap(({ recheckToken }) => recheckToken ?? [])),
    created: notices.some(({ changeType }) => changeType === 'created'),
    deleted: notices.some(({ changeType }) => changeType === 'deleted'),
    firstNoticedAt: Math.min(...notices.map(({ receivedAt }) => receivedAt)),
    sourceTime: sourceTimes.length > 0 ? Math.max(...sourceTimes) : null,
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
