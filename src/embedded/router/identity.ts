/**
 * Who a member is: the cluster and the shard that it notes in its own data. Sets of different clusters have the same names, and
 * a port that one left is the next one's.
 */
import { type Document, serialize } from 'bson';
import { bodyOf } from './shards/command-client.ts';
import type { Greeting } from './shards/connection.ts';
import { messageOf } from './wire/wire.ts';

/** What a shard keeps in `admin.system.version` since it was added to its cluster. */
export function shardGreeting(clusterId: string, shardId: string): Greeting {
  return greeting({ find: 'system.version', filter: { _id: 'shardIdentity' }, $db: 'admin' }, shardId, (identity) => {
    return String(identity.clusterId) === clusterId && identity.shardName === shardId;
  });
}

/** What the config servers keep in `config.version`. */
export function configGreeting(clusterId: string): Greeting {
  return greeting({ find: 'version', $db: 'config' }, 'config', (version) => String(version.clusterId) === clusterId);
}

function greeting(command: Document, set: string, isMeant: (noted: Document) => boolean): Greeting {
  const { $db, ...find } = command;
  const document = { ...find, limit: 1, singleBatch: true, $readPreference: { mode: 'secondaryPreferred' }, $db };
  return {
    message: messageOf(serialize(document), 1, 0),
    check(reply) {
      const { cursor, errmsg } = bodyOf(reply);
      const [noted] = cursor?.firstBatch ?? [];
      if (!noted || !isMeant(noted)) throw new Error(`not a member of ${set} of this cluster${errmsg ? `: ${errmsg}` : ''}`);
    },
  };
}
