/** docker-compose.yml can't be run by every test machine, so it is read and held against the code. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { OPTIONS } from '../../src/config/options.ts';
import { placesOf } from '../../src/embedded/mongo/plan-members.ts';
import { SETTINGS } from '../../src/embedded/postgres/settings.ts';

interface Service {
  readonly command?: string | readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
}

const root = join(import.meta.dirname, '../..');
const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true, maxAliasCount: -1 }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, object>>;
  readonly networks: Readonly<Record<string, object>>;
};
const services = Object.entries(compose.services);
const wordsOf = ({ command = [] }: Service) => (typeof command === 'string' ? command.split(/\s+/) : command);
const wordAfter = (service: Service, flag: string) => wordsOf(service)[wordsOf(service).indexOf(flag) + 1];
const mongods = services.filter(([, service]) => wordsOf(service)[0] === 'mongod');
const hostsOf = (set: string) =>
  mongods
    .filter(([, service]) => wordAfter(service, '--replSet') === set)
    .map(([name, service]) => `${name}:${wordAfter(service, '--port')}`);

describe('MongoDB', () => {
  const places = placesOf({ shards: OPTIONS.shards.default, members: 3 });
  const sets = [...new Set(places.map(({ set }) => set))];

  test('has the replica sets that the embedded cluster has, of three members each', () => {
    expect(sets).toEqual(['config', 'shard_0', 'shard_1', 'shard_2', 'shard_3']);
    expect(new Set(mongods.map(([, service]) => wordAfter(service, '--replSet')))).toEqual(new Set(sets));
    for (const set of sets) expect(hostsOf(set), set).toHaveLength(3);
  });

  test('members have the role of their set, a data volume each, and the key', () => {
    for (const [name, service] of mongods) {
      expect(wordsOf(service), name).toContain(wordAfter(service, '--replSet') === 'config' ? '--configsvr' : '--shardsvr');
      expect(wordAfter(service, '--dbpath')).toBe('/data/db');
      expect(service.volumes, name).toEqual([`${name.replaceAll('-', '_')}:/data/db`, 'mongo_key:/run/meridian:ro']);
      expect(service.healthcheck, name).toMatchObject({ test: expect.arrayContaining([wordAfter(service, '--port')]) });
    }
  });

  test('the set-up joins exactly these', () => {
    const told = wordsOf(compose.services['mongo-init'] as Service).filter((word) => word.startsWith('--set='));
    expect(told).toEqual(sets.map((set) => `--set=${set}/${hostsOf(set).join(',')}`));
    const waitsFor = Object.keys(compose.services['mongo-init']?.depends_on ?? {});
    expect(waitsFor.sort()).toEqual([...mongods.map(([name]) => name), 'mongos-a'].sort());
  });

  test('two routers read the config servers', () => {
    const routers = services.filter(([, service]) => wordsOf(service)[0] === 'mongos');
    expect(routers.map(([name]) => name)).toEqual(['mongos-a', 'mongos-b']);
    for (const [, service] of routers) expect(wordAfter(service, '--configdb')).toBe(`config/${hostsOf('config').join(',')}`);
  });

  test('no member speaks zlib or runs scripts', () => {
    for (const [, service] of mongods) expect(wordsOf(service)).toEqual(expect.arrayContaining(['--noscripting', 'snappy,zstd']));
  });
});

describe('PostgreSQL', () => {
  const settingsOf = (name: string) =>
    Object.fromEntries(
      wordsOf(compose.services[name] as Service).flatMap((word) => (word.startsWith('-c') ? [word.slice(2).split('=')] : [])),
    );

  test('primary and replica prepare transactions as the embedded server does', () => {
    for (const name of ['postgres-primary', 'postgres-replica']) {
      for (const setting of ['max_prepared_transactions', 'max_locks_per_transaction', 'timezone', 'log_error_verbosity']) {
        expect(settingsOf(name)[setting], `${name} ${setting}`).toBe(SETTINGS[setting]);
      }
    }
  });

  test('the replica streams from the primary', () => {
    const script = readFileSync(join(root, 'deploy/postgres/replica.sh'), 'utf8');
    expect(script).toMatch(/pg_basebackup -h postgres-primary -U replicator [\s\S]*--write-recovery-conf/);
    expect(readFileSync(join(root, 'deploy/postgres/primary.sh'), 'utf8')).toContain('CREATE ROLE replicator LOGIN REPLICATION');
    expect(compose.services['postgres-replica']?.depends_on).toEqual({ 'postgres-primary': { condition: 'service_healthy' } });
  });
});

describe('gateways', () => {
  const gateways = services.filter(([name]) => name.startsWith('gateway-'));

  test('are two, behind the balancer', () => {
    expect(gateways.map(([name]) => name)).toEqual(['gateway-a', 'gateway-b']);
    const upstreams = readFileSync(join(root, 'deploy/nginx.conf'), 'utf8').matchAll(/server (gateway-\w+):(\d+)/g);
    expect([...upstreams].map(([, name, port]) => [name, port])).toEqual(gateways.map(([name]) => [name, String(OPTIONS.port.default)]));
  });

  test('are told by variables that the configuration knows, and connect to both routers and both servers', () => {
    const known = new Set<string>(Object.values(OPTIONS).map(({ env }) => env));
    for (const [, { environment = {} }] of gateways) {
      expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
      expect(environment.MONGODB_URI).toMatch(/@mongos-a:27017,mongos-b:27017\/meridian\?/);
      expect(environment.DATABASE_URL).toMatch(/@postgres-primary:5432\/meridian$/);
      expect(environment.DATABASE_REPLICA_URLS).toMatch(/@postgres-replica:5432\/meridian$/);
    }
    const image = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
    for (const name of ['HOST', 'PORT', 'CONNECT', 'DATA_DIR']) {
      expect(known).toContain(name);
      expect(image).toMatch(new RegExp(`^ENV .*\\b${name}=`, 'm'));
    }
  });
});

describe('the file as a whole', () => {
  test('mounts what is there, in volumes that are declared', () => {
    const sources = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    const files = sources.filter((source) => source.startsWith('./'));
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    const volumes = new Set(sources.filter((source) => !source.startsWith('./')));
    expect(volumes).toEqual(new Set(Object.keys(compose.volumes)));
  });

  test('waits only for services that are there', () => {
    const awaited = services.flatMap(([, service]) => Object.keys(service.depends_on ?? {}));
    expect(awaited.filter((name) => !compose.services[name])).toEqual([]);
  });

  test('publishes the balancer, and Grafana, on loopback unless told otherwise', () => {
    const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
    expect(published).toEqual([
      ['balancer', expect.stringMatching(/^\$\{PUBLISH:-127\.0\.0\.1:8080\}:8080$/)],
      ['grafana', expect.stringMatching(/^\$\{PUBLISH_GRAFANA:-127\.0\.0\.1:3000\}:3000$/)],
    ]);
  });

  test('lets Prometheus and Grafana reach the gateways and no engine', () => {
    const meeting = services.filter(([, { networks = [] }]) => networks.includes('monitoring')).map(([name]) => name);
    expect(meeting).toEqual(['gateway-a', 'gateway-b', 'prometheus', 'grafana']);
    for (const name of ['prometheus', 'grafana']) expect(compose.services[name]?.networks).not.toContain('engines');
    const scraped = readFileSync(join(root, 'deploy/prometheus.yml'), 'utf8').matchAll(/"(gateway-\w+):(\d+)"/g);
    expect([...scraped].map(([, gateway, port]) => [gateway, port])).toEqual([
      ['gateway-a', String(compose.services['gateway-a']?.environment?.METRICS_PORT)],
      ['gateway-b', String(compose.services['gateway-b']?.environment?.METRICS_PORT)],
    ]);
  });

  test('holds no password: each is asked for, and deploy/example.env lists it', () => {
    const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
    const asked = new Set([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name));
    const example = readFileSync(join(root, 'deploy/example.env'), 'utf8');
    const empty = new Set([...example.matchAll(/^(\w+PASSWORD)=$/gm)].map(([, name]) => name));
    expect(asked).toEqual(empty);
    for (const [, value] of text.matchAll(/PASSWORD: (.+)$/gm)) expect(value).toMatch(/^\$\{\w+:\?/);
  });
});
