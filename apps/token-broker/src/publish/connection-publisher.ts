import { type Connection, type Outcome, topics } from '#libs/contracts';
import type { LogProducer } from '#libs/streams';

/** Writes connections, and what happened to them, to the log. */
export interface ConnectionPublisher {
  /** Resolves when the log has the connection in this state. */
  publish(connection: Connection): Promise<void>;
  /** Adds a line to the audit trail. */
  record(outcome: Outcome): Promise<void>;
}

/** {@link ConnectionPublisher} over Kafka. */
export class LogConnectionPublisher implements ConnectionPublisher {
  constructor(private readonly producer: LogProducer) {}

  publish(connection: Connection): Promise<void> {
    return this.producer.send({
      topic: topics.connections,
      key: connection.connectionId,
      value: connection,
    });
  }

  record(outcome: Outcome): Promise<void> {
    return this.producer.send({ topic: topics.outcomes, key: outcome.workspaceId, value: outcome });
  }
}
