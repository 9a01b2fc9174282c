import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from './load.ts';
import { OPTIONS } from './options.ts';

describe('defaults', () => {
  const config = loadConfig([], {});

  test('are those of the table', () => {
    expect(config).toMatchObject({ port: 8080, host: '127.0.0.1', shards: 4, members: 1, ephemeral: false, connect: false });
    expect(config.dataDir).toBe(resolve('data'));
    expect(config.mongodbUri).toBeUndefined();
    expect(config.databaseReplicaUrls).toEqual([]);
  });

  test('that follow from others are filled in', () => {
    expect(config).toMatchObject({ baseUrl: 'http://127.0.0.1:8080/fhir/R4', issuer: 'http://127.0.0.1:8080', audience: config.baseUrl });
    expect(loadConfig(['--port', '9000', '--host', '::1'], {}).baseUrl).toBe('http://[::1]:9000/fhir/R4');
    expect(loadConfig(['--tls-cert', 'a.pem', '--tls-key', 'b.pem'], {}).baseUrl).toBe('https://127.0.0.1:8080/fhir/R4');
    expect(loadConfig(['--base-url', 'https://fhir.example/r4/'], {})).toMatchObject({
      baseUrl: 'https://fhir.example/r4',
      issuer: 'https://fhir.example',
    });
  });
});

describe('flags and variables', () => {
  test('a flag wins over its variable, a variable over the default', () => {
    expect(loadConfig([], { PORT: '9000' }).port).toBe(9000);
    expect(loadConfig(['--port', '9001'], { PORT: '9000' }).port).toBe(9001);
    expect(loadConfig(['--port=9001'], {}).port).toBe(9001);
    expect(loadConfig(['--no-ephemeral'], { EPHEMERAL: '1' }).ephemeral).toBe(false);
  });

  test('an empty variable is not set', () => {
    expect(loadConfig([], { PORT: '' }).port).toBe(8080);
  });

  test('lists are separated by commas', () => {
    const config = loadConfig(['--database-replica-urls', 'postgres://a/x, postgres://b/x'], {});
    expect(config.databaseReplicaUrls).toEqual(['postgres://a/x', 'postgres://b/x']);
  });

  test('a replica set is a URL', () => {
    const uri = 'mongodb://a:1,b:2/meridian?replicaSet=rs0';
    const config = loadConfig(['--connect'], { MONGODB_URI: uri, DATABASE_URL: 'postgres://p/m' });
    expect(config).toMatchObject({ connect: true, mongodbUri: uri });
  });

  test.each([
    ['mongodb://a:1', 'mongodb://a:1/meridian'],
    ['mongodb://u:p@a:1,b:2/?replicaSet=r', 'mongodb://u:p@a:1,b:2/meridian?replicaSet=r'],
    ['mongodb+srv://a?tls=true', 'mongodb+srv://a/meridian?tls=true'],
    ['mongodb://a:1/other?x=/y', 'mongodb://a:1/other?x=/y'],
  ])('%s names the database: %s', (uri, expected) => {
    expect(loadConfig([], { MONGODB_URI: uri }).mongodbUri).toBe(expected);
  });

  test('names are unique', () => {
    const options = Object.values(OPTIONS);
    expect(new Set(options.map((option) => option.flag)).size).toBe(options.length);
    expect(new Set(options.map((option) => option.env)).size).toBe(options.length);
  });
});

describe('refusals name the flag', () => {
  test.each<[string[], Record<string, string>, string]>([
    [['--port', 'http'], {}, '--port must be a whole number from 1 to 65535, not "http".'],
    [['--port', '70000'], {}, '--port must be a whole number from 1 to 65535, not "70000".'],
    [['--port', '8080.5'], {}, '--port must be'],
    [[], { SHARDS: '-1' }, 'SHARDS must be a whole number from 0 to 16, not "-1".'],
    [['--members', '2'], {}, '--members must be odd'],
    [['--referential-integrity', 'yes'], {}, '--referential-integrity must be one of off, enforce, not "yes".'],
    [[], { EPHEMERAL: 'maybe' }, 'EPHEMERAL must be true or false, not "maybe".'],
    [['--base-url', '/fhir'], {}, '--base-url must be an absolute URL, not "/fhir".'],
    [['--connect'], {}, '--connect needs --mongodb-uri'],
    [['--prot', '1'], {}, "Unknown option '--prot'"],
    [['start'], {}, "Unexpected argument 'start'"],
    [['--tls-cert', 'a.pem'], {}, '--tls-cert and --tls-key go together.'],
    [['--cors-origins', '*'], {}, '--cors-origins must be absolute URLs separated by commas, not "*".'],
    [['--max-bundle-bytes', '4096'], {}, '--max-bundle-bytes must not be less than --max-body-bytes.'],
  ])('%j %j', (args, env, message) => {
    expect(() => loadConfig(args, env)).toThrow(ConfigError);
    expect(() => loadConfig(args, env)).toThrow(message);
  });

  test('but never a secret value', () => {
    expect(() => loadConfig([], { DATABASE_URL: 'hunter2' })).toThrow(/^DATABASE_URL must be an absolute URL\.$/);
  });
});
