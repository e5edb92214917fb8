import { databaseAccount, databases } from './versions.ts';

/** Apicurio keeps schemas and their ids in PostgreSQL, so that ids survive restarts. */
export function registryEnvironment(postgres: {
  readonly host: string;
  readonly port: number;
}): Record<string, string> {
  return {
    APICURIO_STORAGE_KIND: 'sql',
    APICURIO_STORAGE_SQL_KIND: 'postgresql',
    APICURIO_DATASOURCE_URL: `jdbc:postgresql://${postgres.host}:${postgres.port}/${databases.registry}`,
    APICURIO_DATASOURCE_USERNAME: databaseAccount.user,
    APICURIO_DATASOURCE_PASSWORD: databaseAccount.password,
    // The default pool opens 20 connections at once; each is a process of PostgreSQL.
    APICURIO_DATASOURCE_JDBC_INITIAL_SIZE: '1',
    APICURIO_DATASOURCE_JDBC_MIN_SIZE: '1',
    APICURIO_DATASOURCE_JDBC_MAX_SIZE: '10',
    QUARKUS_LOG_LEVEL: 'WARN',
    // One line per request would bury everything else.
    QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
  };
}

/** The Confluent-compatible API of Apicurio. */
export function registryUrl(host: string, port: number): string {
  return `http://${host}:${port}/apis/ccompat/v7`;
}

/** Connection string of one database. */
export function databaseUrl(host: string, port: number, database: string): string {
  const { user, password } = databaseAccount;
  return `postgresql://${user}:${password}@${host}:${port}/${database}`;
}
