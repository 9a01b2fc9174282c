import { ObjectId } from 'mongodb';
import { afterAll, describe, expect, test } from 'vitest';
import { testMongo } from '../../../tests/support/databases.ts';
import { configGreeting, shardGreeting } from './identity.ts';
import { Shard } from './shards/shard.ts';
import { connect } from './testing.ts';

const { client, isSharded } = await connect((await testMongo()).mongodbUri);
const opened: Shard[] = [];
afterAll(async () => {
  for (const shard of opened) shard.close();
  await client.close();
});

function open(...args: ConstructorParameters<typeof Shard>): Shard {
  const shard = new Shard(...args);
  opened.push(shard);
  return shard;
}

describe.runIf(isSharded)('a member of a replica set', async () => {
  const { shards } = await client.db('admin').command({ listShards: 1 });
  const hostsOf = (id: string): string[] =>
    shards
      .find(({ _id }: { _id: string }) => _id === id)
      .host.split('/')[1]
      .split(',');
  const version = await client.db('config').collection('version').findOne();
  const clusterId = String(version?.clusterId);
  const other = String(new ObjectId());

  test('that notes this cluster and this shard is trusted', async () => {
    const shard = open('shard_0', hostsOf('shard_0'), shardGreeting(clusterId, 'shard_0'));
    expect(await shard.command('admin', { hello: 1 })).toMatchObject({ isWritablePrimary: true });
    const member = hostsOf('shard_0')[0] as string;
    expect(shard.addresses).toContain(member);
  });

  test.each([
    ['a set of the same name in another cluster', shardGreeting(other, 'shard_0'), 'shard_0'],
    ['another shard of this cluster', shardGreeting(clusterId, 'shard_0'), 'shard_1'],
    ['a shard where the config server was', configGreeting(clusterId), 'shard_0'],
  ])('%s is sent nothing, and is nobody’s primary', async (_, greeting, where) => {
    const shard = open('shard_0', hostsOf(where), greeting);
    await expect(shard.primary(600)).rejects.toThrow('no primary that can be reached');
    await expect(shard.callMember(hostsOf(where)[0] as string, Buffer.from(greeting.message))).rejects.toThrow(
      /not a member of \w+ of this cluster/,
    );
  });
});
