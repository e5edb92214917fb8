import type { FlowDefinition } from '#libs/contracts';
import { type Flow, type FlowProblem, loadFlow } from '#libs/flows';
import type { ReadTable } from '#libs/streams';

/** A flow as it was applied, parsed; or what is wrong with it. */
export interface BookedFlow {
  readonly flowId: string;
  readonly version: number;
  readonly targetConnectionId: string;
  /** undefined when the definition does not parse (any more). */
  readonly flow: Flow | undefined;
  readonly problems: readonly FlowProblem[];
}

interface Entry {
  readonly definition: FlowDefinition;
  readonly booked: BookedFlow;
}

/**
 * The flows by source connection, each parsed once per version. A definition that no longer parses stays in the book with its
 * problems: whoever looks for a reason finds it, and no record stops the service.
 */
export class FlowBook {
  private readonly parsed = new Map<string, Entry>();
  private bySource = new Map<string, FlowDefinition[]>();
  /** Workspaces with a flow that has a daily cap. */
  private capped = new Set<string>();
  private stale = true;

  constructor(
    private readonly table: ReadTable<FlowDefinition>,
    /** Told once of each version that cannot be used. */
    private readonly onInvalid: (flow: BookedFlow) => void = () => undefined,
  ) {
    table.onChange((flowId) => {
      this.parsed.delete(flowId);
      this.stale = true;
    });
  }

  /** The flows that read from a connection, of its own workspace only. */
  flowsOf(workspaceId: string, sourceConnectionId: string): readonly BookedFlow[] {
    if (this.stale) this.index();
    const definitions = this.bySource.get(sourceConnectionId) ?? [];
    return definitions
      .filter((definition) => definition.workspaceId === workspaceId)
      .map((definition) => this.book(definition));
  }

  /** Whether any flow of the workspace has a daily cap; then all messages of it are counted. */
  hasCap(workspaceId: string): boolean {
    if (this.stale) this.index();
    return this.capped.has(workspaceId);
  }

  find(flowId: string): BookedFlow | undefined {
    const definition = this.table.get(flowId);
    return definition && this.book(definition);
  }

  /** How many applied flows cannot be used. */
  brokenCount(): number {
    return [...this.table.values()].filter((definition) => !this.book(definition).flow).length;
  }

  private index(): void {
    const bySource = new Map<string, FlowDefinition[]>();
    const capped = new Set<string>();
    for (const definition of this.table.values()) {
      if (this.book(definition).flow?.dailyCap) capped.add(definition.workspaceId);
      const others = bySource.get(definition.sourceConnectionId);
      if (others) others.push(definition);
      else bySource.set(definition.sourceConnectionId, [definition]);
    }
    this.bySource = bySource;
    this.capped = capped;
    this.stale = false;
  }

  private book(definition: FlowDefinition): BookedFlow {
    const known = this.parsed.get(definition.flowId);
    if (known?.definition === definition) return known.booked;
    const parsed = loadFlow(definition);
    const booked: BookedFlow = {
      flowId: definition.flowId,
      version: definition.version,
      targetConnectionId: definition.targetConnectionId,
      flow: parsed.ok ? parsed.flow : undefined,
      problems: parsed.ok ? [] : parsed.problems,
    };
    this.parsed.set(definition.flowId, { definition, booked });
    if (!booked.flow) this.onInvalid(booked);
    return booked;
  }
}
