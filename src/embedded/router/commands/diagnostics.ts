/** Commands that tell about the router or are answered by any shard alike. */

import type { Router } from '../context.ts';
import { CODE, Refusal } from '../errors.ts';
import { callShard, REPEATABLE } from '../execute.ts';
import { rewrite } from '../rewrite.ts';
import { callOver } from '../shards/shard.ts';
import { documentOf, type Element, elementAt, elementsOf, nameOf, renamed } from '../wire/bson-bytes.ts';
import { objectReply } from '../wire/reply.ts';
import type { Request } from '../wire/request.ts';
import { namespaceOf } from '../wire/request.ts';

/** `buildInfo` and the like: all members run the same version. */
export async function forwardToAnyShard(router: Router, request: Request): Promise<Buffer> {
  const [any] = await router.shards.all();
  if (!any) throw new Refusal(CODE.shardNotFound, 'the cluster has no shard');
  return (await callShard(router, any.id, rewrite(request, { drop: ['txnNumber'] }), REPEATABLE)).message;
}

export async function serverStatus(): Promise<Buffer> {
  return objectReply({ process: 'mongos', host: 'embedded router', pid: process.pid, uptime: process.uptime(), localTime: new Date() });
}

export async function connectionStatus(): Promise<Buffer> {
  return objectReply({ authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] } });
}

const CLUSTER_FORMS: Readonly<Record<string, string>> = { find: 'clusterFind', aggregate: 'clusterAggregate' };

/** The plan of a find or an aggregation over all shards. Not of writes: a `mongod` that explains clusterUpdate calls itself without end. */
export async function explain(router: Router, request: Request): Promise<Buffer> {
  const { message, fields } = request;
  const outer = fields.get('explain') as Element;
  const inner = elementAt(message, outer.value + 4);
  const form = CLUSTER_FORMS[nameOf(message, inner)];
  if (!form) throw new Refusal(CODE.commandNotFound, 'this router explains find and aggregate only');
  const rest = [...elementsOf(message, outer.value)].slice(1).map(({ start, end }) => message.subarray(start, end));
  const command = documentOf([renamed(message, inner, form), ...rest]);
  const first = Buffer.concat([Buffer.from('\x03explain\0', 'latin1'), command]);
  const [any] = await router.shards.all();
  if (!any) throw new Refusal(CODE.shardNotFound, `nobody can explain ${namespaceOf(request)}`);
  return (await callShard(router, any.id, rewrite(request, { first, drop: ['txnNumber'] }), REPEATABLE)).message;
}

/** Reads of the cluster's own databases: the config server has them. */
export async function forwardToConfigServer(router: Router, request: Request): Promise<Buffer> {
  return callOver(await router.config.primary(), request.message);
}
