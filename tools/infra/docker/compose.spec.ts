import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { repositoryRoot } from '../../lib/paths.ts';
import { infrastructurePorts } from '../../start/layout.ts';
import { stateFolderOf } from '../../start/start-system.ts';
import { developmentBrokerSettings, toImageEnvironment } from '../broker-settings.ts';
import { registryEnvironment } from '../registry-settings.ts';
import { databaseAccount, databases, images, kafkaCluster, versions } from '../versions.ts';
import { composePorts, composeProject, readLogIdentity } from './compose-infrastructure.ts';

const serviceSchema = z.object({
  profiles: z.array(z.string()),
  image: z.string(),
  ports: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
});
const compose = z
  .object({ name: z.string(), services: z.record(z.string(), serviceSchema) })
  .parse(parse(readFileSync(join(repositoryRoot, 'docker-compose.yml'), 'utf8')));

function service(name: string): z.infer<typeof serviceSchema> {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

const inProfile = (profile: string): string[] =>
  Object.entries(compose.services).flatMap(([name, { profiles }]) =>
    profiles.includes(profile) ? [name] : [],
  );

describe('the log in containers', () => {
  /** A docker that notes how it is called and answers with a file. */
  const dockerThatSays = (text: string): { readonly PATH: string; readonly calls: string } => {
    const folder = mkdtempSync(join(tmpdir(), 'compose-spec-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'answer'), text);
    const script = `#!/bin/sh\necho "$@" > "${folder}/calls"\ncat "${folder}/answer"\n`;
    writeFileSync(join(folder, 'docker'), script, { mode: 0o755 });
    return { PATH: `${folder}:${process.env['PATH'] ?? ''}`, calls: join(folder, 'calls') };
  };

  test('is known by the id of its folder, since the id of the cluster is the same for every volume', async () => {
    const { PATH, calls } = dockerThatSays(
      '#\nnode.id=1\ndirectory.id=pkWmkrND6tTY-_sXtv4xyd\ncluster.id=x\n',
    );
    expect(await readLogIdentity({ PATH })).toBe('pkWmkrND6tTY-_sXtv4xyd');
    const folder = service('kafka').environment['KAFKA_LOG_DIRS'] ?? 'none';
    expect(readFileSync(calls, 'utf8')).toContain(`exec -T kafka cat ${folder}/meta.properties`);
  });

  test('that does not tell is taken for no log that there was', async () => {
    const { PATH } = dockerThatSays('node.id=1\n');
    expect(await readLogIdentity({ PATH })).not.toBe(await readLogIdentity({ PATH }));
    expect(await readLogIdentity({ PATH: '/nowhere' })).toMatch(/^[\w-]+$/);
  });

  test('has a folder for the files beside it that no other log has', () => {
    const paths = { data: 'data' };
    const folders = [{}, { logIdentity: 'a' }, { logIdentity: 'b' }].map((log) => stateFolderOf(paths, log));
    expect(new Set(folders).size).toBe(3);
    // What --fresh throws away has them all in it.
    for (const folder of folders) expect(folder.startsWith(stateFolderOf(paths))).toBe(true);
  });
});

describe('docker-compose.yml', () => {
  test('has the profiles core, tools and observability', () => {
    expect(inProfile('core')).toEqual(['kafka', 'postgres', 'registry']);
    expect(inProfile('tools')).toEqual(['kafka', 'postgres', 'registry', 'kafka-ui']);
    expect(inProfile('observability')).toEqual(['prometheus', 'grafana']);
  });

  test('pins every image to a version', () => {
    for (const { image } of Object.values(compose.services)) expect(image).toMatch(/:v?\d+(\.\d+)+$/);
  });

  test('runs the versions that run everywhere else', () => {
    expect(service('kafka').image).toBe(images.kafka);
    expect(service('registry').image).toBe(images.registry);
    expect(service('postgres').image).toBe(images.postgres);
    const pom = readFileSync(join(import.meta.dirname, '../local/maven/pom.xml'), 'utf8');
    expect(pom).toContain(`<kafka.version>${versions.kafka}</kafka.version>`);
    expect(pom).toContain(`<registry.version>${versions.registry}</registry.version>`);
  });

  test('waits for the health of what a service depends on, and that has a health check', () => {
    for (const { depends_on: needed } of Object.values(compose.services)) {
      for (const [name, { condition }] of Object.entries(needed)) {
        expect(condition).toBe('service_healthy');
        expect(service(name).healthcheck).toBeDefined();
      }
    }
  });

  test('gives the broker the settings of the local broker, but for its second listener', () => {
    const {
      'listener.security.protocol.map': map = '',
      'inter.broker.listener.name': _listener,
      ...same
    } = developmentBrokerSettings;
    const { environment } = service('kafka');
    expect(environment).toMatchObject(toImageEnvironment(same));
    expect(environment['KAFKA_LISTENER_SECURITY_PROTOCOL_MAP']?.split(',')).toEqual(
      expect.arrayContaining(map.split(',')),
    );
    expect(environment['CLUSTER_ID']).toBe(kafkaCluster.clusterId);
  });

  test('gives the registry the settings of the local registry', () => {
    expect(service('registry').environment).toMatchObject(
      registryEnvironment({ host: 'postgres', port: 5432 }),
    );
  });

  test('creates the account and both databases that the code connects to', () => {
    expect(service('postgres').environment).toEqual({
      POSTGRES_USER: databaseAccount.user,
      POSTGRES_PASSWORD: databaseAccount.password,
      POSTGRES_DB: databases.product,
    });
    const sql = readFileSync(join(import.meta.dirname, 'create-registry-database.sql'), 'utf8');
    expect(sql).toContain(`CREATE DATABASE ${databases.registry};`);
  });

  test('is one project per set of ports, and with the usual ports that of docker compose by hand', () => {
    expect(composeProject(infrastructurePorts(4400))).toBe(compose.name);
    expect(composeProject(infrastructurePorts(5400))).toBe(`${compose.name}-5492`);
  });

  test('needs no engine newer than those that Debian and Ubuntu have', () => {
    // healthcheck.start_interval is refused by engines before 25.
    expect(readFileSync(join(repositoryRoot, 'docker-compose.yml'), 'utf8')).not.toContain('start_interval');
  });

  test('listens on the loopback address alone, at the ports that npm start hands over or their defaults', () => {
    const handedOver = composePorts(infrastructurePorts(4400));
    const published = Object.values(compose.services).flatMap(({ ports }) => ports);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:\$\{LEDGERWIRE_[A-Z_]+:-\d+\}:\d+$/);
    for (const [variable, port] of Object.entries(handedOver)) {
      expect(published.some((entry) => entry.includes(`\${${variable}:-${port}}`))).toBe(true);
    }
  });
});
