/** The embedded server of a gateway that is running now, for commands beside it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { dataFolder } from './cluster.ts';

/** Its connection string, with the password in it; undefined if no server runs on that data folder. */
export async function runningPostgres(folder: string, database: string): Promise<string | undefined> {
  try {
    const [, , , port] = (await readFile(join(dataFolder(folder), 'postmaster.pid'), 'utf8')).split('\n');
    const password = (await readFile(join(folder, 'password'), 'utf8')).trim();
    const url = `postgres://meridian:${password}@127.0.0.1:${port?.trim()}/${database}`;
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 });
    client.on('error', () => undefined);
    await client.connect();
    await client.end();
    return url;
  } catch {
    return undefined;
  }
}
