/** All that a gateway leaves behind, as text: every document, every row, every file of its data folder. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BSON, MongoClient } from 'mongodb';
import pg from 'pg';

/** By collection, table (partitions each by itself) or file: what is in it. */
export async function everythingStored(mongodbUri: string, databaseUrl: string, folder: string): Promise<ReadonlyMap<string, string>> {
  return new Map([...(await documents(mongodbUri)), ...(await rows(databaseUrl)), ...files(folder)]);
}

async function documents(uri: string): Promise<[string, string][]> {
  const client = await MongoClient.connect(uri);
  try {
    const collections = await client.db().listCollections({}, { nameOnly: true }).toArray();
    return await Promise.all(
      collections.map(async ({ name }): Promise<[string, string]> => {
        const all = await client.db().collection(name).find().toArray();
        return [`collection ${name}`, all.map((document) => Buffer.from(BSON.serialize(document)).toString('utf8')).join('\n')];
      }),
    );
  } finally {
    await client.close();
  }
}

async function rows(connectionString: string): Promise<[string, string][]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const tables = await client.query(
      `SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const found: [string, string][] = [];
    for (const { schemaname, tablename } of tables.rows) {
      const name = `"${schemaname}"."${tablename}"`;
      const all = await client.query({ text: `SELECT t::text FROM ONLY ${name} t`, rowMode: 'array' });
      found.push([`table ${tablename}`, all.rows.map(([row]) => row).join('\n')]);
    }
    return found;
  } finally {
    await client.end();
  }
}

function files(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [`file ${entry.name}`, readFileSync(join(entry.parentPath, entry.name), 'utf8')]);
}

/** Where any of the values stands, in lower case or as it was written: "collection resources: 123-45-6789". */
export function findings(stored: ReadonlyMap<string, string>, values: readonly string[]): string[] {
  return [...stored].flatMap(([name, text]) => {
    const lower = text.toLowerCase();
    return values.filter((value) => lower.includes(value.toLowerCase())).map((value) => `${name}: ${value}`);
  });
}
