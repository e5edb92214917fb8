import { Registry } from 'prom-client';
import type { Connection, FlowDefinition } from '#libs/contracts';
import { InlineRenderer, sampleTarget } from '#libs/flows';
import type { SimulatedWorld } from '#libs/streams';
import { FlowBook } from '../../apps/mapper/src/flow-book.js';
import { MapperMetrics } from '../../apps/mapper/src/mapper.metrics.js';
import { defaultMapperSettings, type MapperTools } from '../../apps/mapper/src/mapper-tools.js';
import { TestTable } from '../../apps/mapper/src/testing/test-table.js';

const MINUTE = 60_000;

/** Hours pass in a world with a mapper: about the proportions of production, twenty times slower. */
export const SLOW_GROUP = {
  sessionTimeoutMs: 4 * MINUTE,
  rebalanceTimeoutMs: 3 * MINUTE,
  heartbeatIntervalMs: MINUTE,
  fetchMaxWaitMs: 2 * MINUTE,
  transactionTimeoutMs: 3 * MINUTE,
};

/** What a mapper of the simulation works with: one company and one flow. */
export function createMapperTools(
  world: SimulatedWorld,
  { yaml, source }: { readonly yaml: string; readonly source: Connection },
): MapperTools {
  const flows = new TestTable<FlowDefinition>();
  flows.set('invoices', {
    flowId: 'invoices',
    workspaceId: source.workspaceId,
    version: 1,
    enabled: true,
    sourceConnectionId: source.connectionId,
    targetConnectionId: sampleTarget.connectionId,
    yaml,
    updatedAt: world.queue.now,
  });
  return {
    flows: new FlowBook(flows),
    connections: new Map([source, sampleTarget].map((each) => [each.connectionId, each])),
    renderer,
    measureOf: () => (text) => ({ encoding: 'GSM-7', units: text.length, segments: 1 }),
    settings: defaultMapperSettings,
    metrics,
  };
}

const renderer = new InlineRenderer();
const metrics = new MapperMetrics(new Registry(), () => 0);
