/** Broker properties by their Kafka name. */
export type BrokerSettings = Readonly<Record<string, string>>;

/**
 * What one lonely development broker needs, whether it runs as a process or in a container. Listeners, ids and folders
 * are added by whoever starts it; tests may override any line.
 */
export const developmentBrokerSettings: BrokerSettings = {
  'process.roles': 'broker,controller',
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'PLAINTEXT',
  // Topics come from the catalogue in libs/contracts; a misspelt name must fail and not become a topic.
  'auto.create.topics.enable': 'false',
  // One broker can hold one copy only.
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  // The defaults of 50 partitions each cost files, memory and start-up time and spread nothing on one broker.
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.num.partitions': '4',
  // The default waits 3 s for more members before the first assignment of a group.
  'group.initial.rebalance.delay.ms': '0',
  // After a kill -9 the broker cannot register again before its earlier session has run out: 9 s with the defaults.
  'broker.session.timeout.ms': '4000',
  'broker.heartbeat.interval.ms': '1000',
  // The log cleaner (compaction) is always on in Kafka 4; its default buffer of 128 MB would take a quarter of the heap.
  'log.cleaner.dedupe.buffer.size': '16777216',
};

/**
 * Feature levels given to `StorageTool format`. transaction.version=2 is KIP-890 part 2, the default of 4.2: pinned,
 * because the recovery rules of libs/streams were proven against exactly this pair of broker and feature level.
 */
export const pinnedFeatures: Readonly<Record<string, string>> = { 'transaction.version': '2' };

/** Renders settings as a Java properties file. */
export function toProperties(settings: BrokerSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}

/** Renders settings as the environment variables that the apache/kafka image turns back into properties. */
export function toImageEnvironment(settings: BrokerSettings): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [imageVariable(name), value]));
}

/** The image's own rule: `_` stands for a dot, `__` for an underscore, `___` for a dash. */
function imageVariable(name: string): string {
  const escaped = name.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_');
  return `KAFKA_${escaped.toUpperCase()}`;
}
