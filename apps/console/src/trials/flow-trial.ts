import type { AccountingRecord, Connection } from '#libs/contracts';
import type { Clock } from '#libs/core';
import {
  checkFlow,
  type EntityReference,
  type Flow,
  type FlowPreview,
  type FlowProblem,
  previewFlow,
  type TemplateRenderer,
  type TextMeasure,
} from '#libs/flows';
import type { ReadTable } from '#libs/streams';
import { type EntityFinder, referenceKey } from './entity-finder.js';
import type { RecordFinder } from './record-finder.js';

/** What trials are made with. */
export interface FlowTrialParts {
  readonly records: Pick<RecordFinder, 'find'>;
  readonly entities: Pick<EntityFinder, 'find'>;
  readonly connections: ReadTable<Connection>;
  /** Makes a renderer for one trial and lets go of it afterwards. */
  readonly withRenderer: <T>(use: (renderer: TemplateRenderer) => Promise<T>) => Promise<T>;
  /** How a vendor that sends counts text messages; undefined for vendors that do not send. */
  readonly measureOf: (vendor: string) => ((text: string) => TextMeasure) | undefined;
  readonly clock: Clock;
}

/** What a definition would make of a record. */
export interface Trial {
  readonly record: AccountingRecord;
  /** Entities that it took besides, and whether the mapper knows them. */
  readonly related: readonly (EntityReference & { readonly found: boolean })[];
  readonly preview: FlowPreview;
  /** What was assumed. */
  readonly warnings: readonly string[];
}

/** What became of a wish to try. */
export type TrialResult =
  | { readonly kind: 'tried'; readonly trial: Trial }
  | { readonly kind: 'invalid'; readonly problems: readonly FlowProblem[] }
  | { readonly kind: 'no-record' }
  | { readonly kind: 'no-connection'; readonly message: string };

/** A contact, the one that it was merged into, an invoice and its contact. */
const MOST_ROUNDS = 4;

/** Tries definitions on records of the past. Nothing is written anywhere. */
export class FlowTrial {
  constructor(private readonly parts: FlowTrialParts) {}

  /** @throws LedgerwireError `log-unavailable` (retry), or of the renderer */
  async run(yaml: string, recordId: string): Promise<TrialResult> {
    return this.parts.withRenderer(async (renderer) => {
      const checked = await checkFlow(yaml, renderer);
      if (!checked.ok) return { kind: 'invalid', problems: checked.problems };
      const record = await this.parts.records.find(recordId);
      if (!record) return { kind: 'no-record' };
      const fitted = this.fit(checked.flow, record);
      if ('message' in fitted) return { kind: 'no-connection', message: fitted.message };
      return { kind: 'tried', trial: await this.trialOf(record, fitted, renderer) };
    });
  }

  private async trialOf(
    record: AccountingRecord,
    { flow, source, target, warnings }: FittedFlow,
    renderer: TemplateRenderer,
  ): Promise<Trial> {
    const known = new Map<string, AccountingRecord | null>();
    const asked: EntityReference[] = [];
    const related: { contact?: AccountingRecord | null; invoice?: AccountingRecord | null } = {};
    const context = {
      sourceConnection: source,
      targetConnection: target,
      now: this.parts.clock.now(),
      measure: this.parts.measureOf(target.vendor),
      renderer,
    };
    let preview = await previewFlow(flow, record, context);
    for (let round = 0; round < MOST_ROUNDS && preview.needs.length > 0; round += 1) {
      const missing = preview.needs.filter((need) => !known.has(referenceKey(need)));
      for (const [key, found] of await this.parts.entities.find(record.connectionId, missing))
        known.set(key, found);
      asked.push(...missing);
      for (const need of preview.needs) related[need.entityType] = known.get(referenceKey(need)) ?? null;
      preview = await previewFlow(flow, record, { ...context, ...related });
    }
    return {
      record,
      related: asked.map((one) => ({ ...one, found: Boolean(known.get(referenceKey(one))) })),
      preview,
      warnings,
    };
  }

  /** A ready flow names connections that do not exist here: it is tried with the record's own and one that can send. */
  private fit(flow: Flow, record: AccountingRecord): FittedFlow | { readonly message: string } {
    const { connections, measureOf } = this.parts;
    const source = connections.get(record.connectionId);
    if (!source) {
      return { message: `The record is of connection ${record.connectionId}, which is not there any more.` };
    }
    const named = connections.get(flow.targetConnectionId);
    const target =
      named ??
      [...connections.values()].find(
        (one) =>
          one.workspaceId === source.workspaceId &&
          one.status === 'active' &&
          measureOf(one.vendor) !== undefined,
      );
    if (!target) {
      return {
        message: `There is no connection ${flow.targetConnectionId} and none else in workspace ${source.workspaceId} that can send.`,
      };
    }
    const warnings = [
      flow.sourceConnectionId === source.connectionId
        ? null
        : `The flow is for connection ${flow.sourceConnectionId}; it was tried as if for ${source.connectionId}, of which the record is.`,
      named
        ? null
        : `There is no connection ${flow.targetConnectionId}; it was tried with ${target.connectionId}.`,
      flow.enabled ? null : 'The definition is switched off; it was tried as if it were on.',
    ].filter((warning) => warning !== null);
    const fitted = {
      ...flow,
      enabled: true,
      workspaceId: source.workspaceId,
      sourceConnectionId: source.connectionId,
      targetConnectionId: target.connectionId,
    };
    return { flow: fitted, source, target, warnings };
  }
}

interface FittedFlow {
  readonly flow: Flow;
  readonly source: Connection;
  readonly target: Connection;
  readonly warnings: readonly string[];
}
