/** Injection tokens of what `StreamsModule` provides besides classes. */

/** `ReadTable<Connection>` */
export const CONNECTIONS_TABLE = Symbol('CONNECTIONS_TABLE');

/** `ReadTable<FlowDefinition>` */
export const FLOWS_TABLE = Symbol('FLOWS_TABLE');

/** {@link LogReader} */
export const LOG_READER = Symbol('LOG_READER');

/** {@link LogProducer} */
export const LOG_PRODUCER = Symbol('LOG_PRODUCER');
