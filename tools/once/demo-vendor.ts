import type { RunningSystem } from '../start/start-system.ts';
import type { ExpectedEvent } from './expected-event.ts';

/** What the scenario needs of a connection. */
export interface DemoConnection {
  readonly connectionId: string;
  readonly accountId: string;
}

/** Where operators and services reach token-broker; browsers know it as localhost. */
export function brokerUrl(system: RunningSystem): string {
  return system.context.urls['token-broker'].replace('//localhost:', '//127.0.0.1:');
}

/** What a vendor adds to the demo company and to the scenario; `<vendor>/<vendor>-demo.ts` exports one as `demo`. */
export interface DemoVendor {
  /** Vendor id; its first account in `sandbox.json` is the demo company's. */
  readonly vendor: string;
  /** Connects every account in `sandbox.json`, e.g. one in each region; flows and events are those of the first. */
  readonly allAccounts?: boolean;
  /** Ready flows that are applied to its connection. */
  readonly flows: readonly string[];
  /** What is to be set up at the double on every start, because it keeps nothing. */
  prepare?(system: RunningSystem, connection: DemoConnection): Promise<void>;
  /** Plays this vendor's part of the scenario and says what must come of it. */
  play(system: RunningSystem, connection: DemoConnection): Promise<ExpectedEvent[]>;
}
