import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { statePaths } from '../../../tools/lib/paths.ts';
import { assertPortsFree } from '../../../tools/lib/ports.ts';
import { type Progress, withStep } from '../../../tools/lib/progress.ts';
import { waitFor } from '../../../tools/lib/wait.ts';
import { parseStartArguments } from '../../../tools/start/arguments.ts';
import { planInstances, portBase, portClaims } from '../../../tools/start/layout.ts';
import { type RunningSystem, startSystem } from '../../../tools/start/start-system.ts';
import { requireSandbox } from '../../../tools/start/vendor-variables.ts';
import { FaultProxy } from '../proxy/fault-proxy.ts';
import { http } from '../proxy/protocol.ts';
import { type FaultyInfrastructure, startFaultyInfrastructure } from './infrastructure.ts';
import { Operator } from './operator.ts';
import { SandboxControl } from './sandbox.ts';
import { ServiceControl } from './services.ts';
import { connectTwilio, makeTenants, type Tenant } from './tenants.ts';
import { warmUp } from './warm-up.ts';

/** The whole system as real processes, with a proxy before everything that a service talks to. */
export interface World {
  readonly infrastructure: FaultyInfrastructure;
  readonly system: RunningSystem;
  readonly services: ServiceControl;
  readonly sandbox: SandboxControl;
  /** Between the services and the vendors. */
  readonly vendorProxy: FaultProxy;
  readonly tenants: readonly Tenant[];
  /** Through which all tenants send. */
  readonly twilioConnectionId: string;
  readonly operator: Operator;
  /** One more organisation with a flow of its own, of which the load knows nothing, whose first message has come. */
  addTenant(): Promise<Tenant>;
  /** Folder with the log of every process. */
  readonly logs: string;
  /** Said by the supervisor, e.g. that a service was started again. */
  readonly notices: readonly string[];
  /** Back to a system without any fault, everything ready. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly tenants: number;
  readonly signal: AbortSignal;
}

/** Soon settled doubts, so that a run of minutes sees the end of each: absence shows after 3 s instead of Twilio's 60 s. */
const QUICK_DOUBTS = { SENDER_RECONCILE_GRACE_MS: '3000' };

/** Starts a world from empty data. @throws UserError when a vendor is a real one, or the system cannot be started. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { progress } = options;
  requireSandbox('npm run test:faults', options.environment);
  const infrastructure = await startFaultyInfrastructure(options.environment, progress);
  const base = await freePortBase(options.environment);
  const vendorProxy = await FaultProxy.start({ targetPort: base + 3, protocol: http });
  const notices: string[] = [];
  const paths = { ...statePaths(join(infrastructure.folder, 'system')), lib: statePaths().lib };
  mkdirSync(paths.root, { recursive: true });
  const stopOutside = async (): Promise<void> => {
    await vendorProxy.close();
    await infrastructure.stop();
  };
  let system: RunningSystem;
  try {
    system = await startSystem({
      arguments: parseStartArguments([]),
      paths,
      environment: {
        ...options.environment,
        ...infrastructure.environment,
        ...QUICK_DOUBTS,
        LEDGERWIRE_PORT_BASE: String(base),
      },
      progress,
      notice: (text) => notices.push(text),
      signal: options.signal,
      vendorsUrl: `http://127.0.0.1:${vendorProxy.port}`,
      restart: { firstBackoffMs: 100, maxBackoffMs: 500 },
    });
  } catch (error) {
    await stopOutside();
    throw error;
  }
  const services = new ServiceControl(system, base);
  const sandbox = new SandboxControl(system.sandbox.sandboxUrl);
  const stop = async (): Promise<void> => {
    await services.release();
    await system.stop();
    await stopOutside();
  };
  try {
    await setUpVendors(sandbox);
    const twilioConnectionId = await connectTwilio(system);
    const tenants = await withStep(progress, `${options.tenants} tenants`, () =>
      makeTenants(system, sandbox, { count: options.tenants, firstIndex: 0, twilioConnectionId }),
    );
    let nextIndex = options.tenants;
    const addTenant = async (): Promise<Tenant> => {
      const plan = { count: 1, firstIndex: nextIndex, twilioConnectionId };
      nextIndex += 1;
      const [tenant] = await makeTenants(system, sandbox, plan);
      if (!tenant) throw new Error('no tenant was made');
      await warmUp({ sandbox, tenants: [tenant] });
      return tenant;
    };
    const heal = async (): Promise<void> => {
      for (const proxy of [
        vendorProxy,
        infrastructure.kafkaProxy,
        infrastructure.registryProxy,
        infrastructure.postgresProxy,
      ])
        proxy.heal();
      await sandbox.disarmAll();
      await services.untilAllReady();
    };
    await withStep(progress, 'a first message of each tenant', () => warmUp({ sandbox, tenants }));
    return {
      infrastructure,
      system,
      services,
      sandbox,
      vendorProxy,
      tenants,
      twilioConnectionId,
      operator: new Operator(system),
      addTenant,
      logs: paths.logs,
      notices,
      heal,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Vendors without limits that the load would meet, and webhooks that come again soon after a failure. */
async function setUpVendors(sandbox: SandboxControl): Promise<void> {
  const none = { perTenantMinute: null, perTenantConcurrent: null, perTenantDay: null, perAppMinute: null };
  await sandbox.post('/limits', { vendor: 'xero', ...none });
  await sandbox.webhookHabits({ retryEveryMs: 1_000, maxEventsPerBody: 20, timeoutMs: 5_000 });
  const subscribed = async (): Promise<boolean> => {
    const { xero } = await sandbox.get<{ xero: { status: string } }>('/webhooks');
    return xero.status === 'ok';
  };
  await waitFor(subscribed, { what: "the Xero double's subscription", timeoutMs: 30_000 });
}

async function freePortBase(environment: NodeJS.ProcessEnv): Promise<number> {
  const instances = planInstances(0, parseStartArguments([]).scale);
  if ((environment['LEDGERWIRE_PORT_BASE'] ?? '') !== '') return portBase(environment);
  for (let base = 24_400; base < 60_000; base += 1_000) {
    try {
      await assertPortsFree(portClaims(base, planInstances(base, parseStartArguments([]).scale)));
      return base;
    } catch {
      continue;
    }
  }
  throw new Error(`no free ports for ${instances.length} services`);
}
