import { topics } from '#libs/contracts';
import { plannedTopics, topicPlan } from '../../apps/setup/src/topic-plan.ts';
import { describeConfig } from '#libs/platform';
import {
  configurations,
  serviceFacts,
  type ServiceFacts,
  sourceVendors,
  withoutVendor,
} from './service-facts.ts';

/** What the chart knows from the code: `files/catalogue.json`, written by `npm run generate`. */
export interface ChartCatalogue {
  readonly about: string;
  readonly vendors: readonly string[];
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: 'chain' | 'single';
    readonly config: Readonly<Record<string, string>>;
  }[];
  readonly access: Readonly<Record<string, ServiceAccess>>;
  readonly settings: Readonly<Record<string, readonly string[]>>;
}

interface ServiceAccess {
  /** Inputs whose lag says how much work waits. */
  readonly consumes: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Whether it has state topics, a group and transactions of its own. */
  readonly state: boolean;
}

/** @param wired the variables that the chart fills by other values than `settings`, by app. */
export function chartCatalogue(wired: Readonly<Record<string, readonly string[]>>): ChartCatalogue {
  const access = Object.entries(serviceFacts()).map(([name, facts]) => [name, accessOf(facts)] as const);
  const settings = Object.entries(wired).map(([app, names]) => [app, settingsOf(app, names)] as const);
  return {
    about: 'Written by "npm run generate" from the code; a test compares.',
    vendors: sourceVendors,
    topics: topicsOf(sourceVendors),
    access: Object.fromEntries(access),
    settings: Object.fromEntries(settings),
  };
}

/** Every topic, those that there are per vendor once. */
function topicsOf(ids: readonly string[]): ChartCatalogue['topics'] {
  const shared = { vendors: ids, chainPartitions: 2, minInsyncReplicas: 1 };
  const configs = new Map(topicPlan(shared).map(({ name, config }) => [name, config]));
  const entries = plannedTopics(ids).map(({ name, partitions }) => {
    // How many replicas must have a record is the operator's decision, and in values.yaml.
    const { 'min.insync.replicas': _replicas, ...config } = configs.get(name) ?? {};
    return [withoutVendor(name), { name: withoutVendor(name), partitions, config }] as const;
  });
  return [...new Map(entries).values()];
}

function accessOf({ consumes, tables, produces, hasTasks }: ServiceFacts): ServiceAccess {
  // The runtime of every service with tasks takes operators' requests, e.g. to try parked work at once.
  const always = hasTasks ? [topics.operatorRequests.name] : [];
  const reads = [...new Set([...consumes, ...tables, ...always])].sort();
  return { consumes, reads, writes: produces, state: hasTasks };
}

/** Variables that an operator may set besides: neither secret nor filled by the chart already. */
function settingsOf(app: string, wired: readonly string[]): readonly string[] {
  const schema = configurations[app];
  if (schema === undefined) throw new Error(`there is no app ${app}`);
  return describeConfig(schema)
    .filter(({ name, secret }) => !secret && !wired.includes(name))
    .map(({ name }) => name)
    .sort();
}
