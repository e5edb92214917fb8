/**
 * The versions that run everywhere: as local processes, in docker-compose.yml and in testcontainers. They were chosen
 * and measured together; a test compares them with `docker-compose.yml` and `local/maven/pom.xml`.
 *
 * Kafka is not newer than 4.2 because the transaction coordinator of 4.3.0 to 4.4.0 takes a partition without a leader for a deleted
 * one and leaves its transaction open for ever (KAFKA-20734; docs/reliability.md, "Kafka's own faults").
 */
export const versions = {
  kafka: '4.2.2',
  registry: '3.0.9',
  postgres: '18.4',
} as const;

export const images = {
  kafka: `apache/kafka:${versions.kafka}`,
  registry: `apicurio/apicurio-registry:${versions.registry}`,
  postgres: `postgres:${versions.postgres}`,
} as const;

/** The broker's node, and the cluster's id where containers run it: its data and what is kept beside them go together. */
export const kafkaCluster = { nodeId: 1, clusterId: 'TGVkZ2Vyd2lyZUthZmthMQ' } as const;

/** The development account of PostgreSQL: reachable on the loopback address only and not a secret. */
export const databaseAccount = { user: 'ledgerwire', password: 'ledgerwire' } as const;

/** One database for the product, one for the schema registry's own tables. */
export const databases = { product: 'ledgerwire', registry: 'registry' } as const;
