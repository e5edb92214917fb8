import type { ProtocolError } from '../../kafka/kafkajs-internals.js';

/** An error code of the broker, as kafkajs throws it. */
export function protocolError(type: string): ProtocolError {
  return Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type });
}

/** What kafkajs throws when a connection breaks or an answer does not come in time. */
export function connectionError(): Error {
  const error = new Error('the connection broke, or the answer did not come in time');
  return Object.assign(error, { name: 'KafkaJSConnectionError', host: 'simulated', port: 9092 });
}
