import { withStep } from '../lib/progress.ts';
import { type BenchSurroundings, type BenchSystem, withBenchSystem } from './bench-system.ts';
import { BenchProcess } from './processes/bench-process.ts';
import type { LoopAnswer, LoopOrder, LoopSetup } from './processes/messages.ts';
import { applyFlows, connectTenants, type Tenants } from './tenants.ts';
import { webhookRequest } from './webhooks.ts';

export type BareLoop = BenchProcess<LoopOrder, LoopAnswer>;

/** What `pipeline` and `latency` measure with: the whole product with connected tenants, and the bare loop beside it. */
export interface FlowRig {
  readonly bench: BenchSystem;
  readonly tenants: Tenants;
  readonly loop: BareLoop;
  readonly ingressPort: number;
  /** Signed webhooks, one event each. */
  requestsFor(events: readonly { readonly tenantId: string; readonly invoiceId: string }[]): Buffer[];
}

/** Starts everything that `pipeline` and `latency` need; `events` are what {@link Tenants.take} can give at most, `takes` how often. */
export function withFlowRig<T>(
  size: { readonly organisations: number; readonly events: number; readonly takes: number },
  surroundings: BenchSurroundings,
  work: (rig: FlowRig) => Promise<T>,
): Promise<T> {
  const { progress } = surroundings;
  return withBenchSystem([], surroundings, async (bench) => {
    const { system } = bench;
    const { organisations, takes } = size;
    const plan = { organisations, contactsEach: Math.ceil(size.events / organisations), rounds: takes };
    const tenants = await withStep(progress, `connect ${organisations} organisations`, async () => {
      const connected = await connectTenants(system, plan);
      await applyFlows(system);
      return connected;
    });
    const { process: loop } = await BenchProcess.start<LoopSetup, null, LoopOrder, LoopAnswer>('bare-loop', {
      sandboxUrl: system.sandbox.sandboxUrl,
      accountSid: system.sandbox.twilio.accountSid,
      apiKeySid: system.sandbox.twilio.apiKeySid,
      apiKeySecret: system.sandbox.twilio.apiKeySecret,
      messagingServiceSid: String(system.sandbox.twilio['messagingServiceSid']),
      tokens: tenants.tokens,
    });
    try {
      // Connections and flows are on their way through the log; services are quiet when all have them.
      await bench.untilQuiet();
      const webhookKey = system.sandbox.vendors['xero']?.webhookKey ?? '';
      const ingressPort = Number(new URL(system.context.urls.ingress).port);
      const requestsFor: FlowRig['requestsFor'] = (events) =>
        events.map((event, index) => webhookRequest(event, webhookKey, index + 1));
      const result = await work({ bench, tenants, loop, ingressPort, requestsFor });
      bench.assertUndisturbed();
      return result;
    } finally {
      loop.stop();
    }
  });
}
