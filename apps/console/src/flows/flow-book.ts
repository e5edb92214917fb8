import { type Connection, type FlowDefinition, type Outcome, outcomeOf, topics } from '#libs/contracts';
import { type Clock, codeOf } from '#libs/core';
import { checkFlow, type Flow, type FlowProblem, type TemplateRenderer } from '#libs/flows';
import type { FlowStore, FlowVersion } from '#libs/persistence';
import type { LogProducer, ReadTable } from '#libs/streams';

/** What the book is kept with. */
export interface FlowBookParts {
  readonly store: Pick<FlowStore, 'add' | 'current' | 'listCurrent' | 'history'>;
  readonly producer: LogProducer;
  /** What the services have; compared with what they should have. */
  readonly published: ReadTable<FlowDefinition>;
  readonly connections: ReadTable<Connection>;
  /** Makes a renderer for one check and lets go of it afterwards. */
  readonly withRenderer: <T>(use: (renderer: TemplateRenderer) => Promise<T>) => Promise<T>;
  readonly clock: Clock;
  readonly onPublishFailed: (error: unknown) => void;
}

/** What is to be applied. */
export interface FlowApplication {
  readonly flowId: string;
  readonly yaml: string;
  readonly enabled: boolean;
  /** The version that the operator has seen; 0 = a new flow. */
  readonly seenVersion: number;
  readonly appliedBy: string | null;
}

/** What became of an application. */
export type FlowResult =
  | {
      readonly kind: 'applied';
      readonly flow: FlowVersion;
      readonly published: boolean;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'invalid'; readonly problems: readonly FlowProblem[] }
  | { readonly kind: 'outdated'; readonly currentVersion: number };

/**
 * Flows and their history. The database decides which version comes next; the topic `flows` is what services read. A version
 * that is in the database and not yet in the topic is published later (see {@link publishMissing}), so that a broker that is
 * away loses nothing.
 */
export class FlowBook {
  constructor(private readonly parts: FlowBookParts) {}

  list(): Promise<FlowVersion[]> {
    return this.parts.store.listCurrent();
  }

  current(flowId: string): Promise<FlowVersion | null> {
    return this.parts.store.current(flowId);
  }

  history(flowId: string): Promise<FlowVersion[]> {
    return this.parts.store.history(flowId);
  }

  /** Checks a definition and makes it the next version, if nobody else has made one meanwhile. */
  async apply(application: FlowApplication): Promise<FlowResult> {
    const { flowId, yaml, seenVersion } = application;
    const checked = await this.parts.withRenderer((renderer) => checkFlow(yaml, renderer));
    if (!checked.ok) return { kind: 'invalid', problems: checked.problems };
    if (checked.flow.id !== flowId) return { kind: 'invalid', problems: [otherId(checked.flow.id, flowId)] };
    const version = this.versionOf(application, checked.flow);
    const currentVersion = (await this.parts.store.current(flowId))?.version ?? 0;
    if (currentVersion !== seenVersion) return { kind: 'outdated', currentVersion };
    if (!(await this.parts.store.add(version))) return { kind: 'outdated', currentVersion: seenVersion + 1 };
    const published = await this.publish([version]);
    return { kind: 'applied', flow: version, published, warnings: this.warningsAbout(checked.flow) };
  }

  /** Publishes every version in force that services do not have; answers how many there were. */
  async publishMissing(): Promise<number> {
    const missing = (await this.parts.store.listCurrent()).filter(
      (flow) => (this.parts.published.get(flow.flowId)?.version ?? 0) < flow.version,
    );
    if (missing.length > 0) await this.publish(missing);
    return missing.length;
  }

  private async publish(flows: readonly FlowVersion[]): Promise<boolean> {
    try {
      await this.parts.producer.sendAll(
        flows.flatMap((flow) => {
          const outcome = appliedOutcome(flow);
          return [
            { topic: topics.flows, key: flow.flowId, value: definitionOf(flow) },
            { topic: topics.outcomes, key: outcome.workspaceId, value: outcome },
          ];
        }),
      );
      return true;
    } catch (error) {
      if (codeOf(error) !== 'log-unavailable') throw error;
      this.parts.onPublishFailed(error);
      return false;
    }
  }

  private versionOf(application: FlowApplication, flow: Flow): FlowVersion {
    return {
      flowId: application.flowId,
      version: application.seenVersion + 1,
      workspaceId: flow.workspaceId,
      enabled: application.enabled,
      sourceConnectionId: flow.sourceConnectionId,
      targetConnectionId: flow.targetConnectionId,
      yaml: application.yaml,
      appliedBy: application.appliedBy,
      appliedAt: this.parts.clock.now(),
    };
  }

  /** Not errors: a flow may be applied before its connections are there. */
  private warningsAbout(flow: Flow): string[] {
    const ends = [
      ['source', flow.sourceConnectionId],
      ['target', flow.targetConnectionId],
    ] as const;
    return ends.flatMap(([end, connectionId]) => {
      const connection = this.parts.connections.get(connectionId);
      if (!connection)
        return [`There is no connection ${connectionId} (${end}) yet; the flow does nothing until there is.`];
      if (connection.workspaceId !== flow.workspaceId)
        return [
          `Connection ${connectionId} (${end}) belongs to another workspace; the flow will not use it.`,
        ];
      return connection.status === 'active'
        ? []
        : [`Connection ${connectionId} (${end}) is ${connection.status}.`];
    });
  }
}

function definitionOf(flow: FlowVersion): FlowDefinition {
  const { flowId, workspaceId, version, enabled, sourceConnectionId, targetConnectionId, yaml, appliedAt } =
    flow;
  return {
    flowId,
    workspaceId,
    version,
    enabled,
    sourceConnectionId,
    targetConnectionId,
    yaml,
    updatedAt: appliedAt,
  };
}

function appliedOutcome(flow: FlowVersion): Outcome {
  return outcomeOf({
    what: flow.flowId,
    attempt: flow.version,
    workspaceId: flow.workspaceId,
    step: 'operate',
    status: 'flow-applied',
    service: 'console',
    at: flow.appliedAt,
    flowId: flow.flowId,
    connectionId: flow.sourceConnectionId,
    detail: `Version ${flow.version} of flow ${flow.flowId} is in force${flow.enabled ? '' : ', switched off'}.`,
  });
}

function otherId(inFile: string, inUrl: string): FlowProblem {
  return {
    path: 'id',
    line: 1,
    column: 1,
    message: `the definition is of flow “${inFile}”, the address of “${inUrl}”`,
  };
}
