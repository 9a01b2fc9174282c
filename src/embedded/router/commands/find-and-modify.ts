/** `findAndModify`: to the owner of the one `_id` that it names. */
import type { Router } from '../context.ts';
import { CODE, Refusal } from '../errors.ts';
import { callParticipant, messageFor, withRoute } from '../execute.ts';
import { elementsAsBytes } from '../routing-table.ts';
import { shardsFor } from '../targeting.ts';
import type { Request } from '../wire/request.ts';
import { routeForWrite } from './databases.ts';

const MAJORITY = elementsAsBytes({ writeConcern: { w: 'majority' } });

export async function findAndModify(router: Router, request: Request): Promise<Buffer> {
  const { message, fields } = request;
  const transaction = router.transactions.of(request);
  const append = transaction || fields.has('writeConcern') ? [] : MAJORITY;
  return withRoute(router, request, { isRead: false, transaction }, async (known) => {
    const route = known ?? (await routeForWrite(router, request));
    const [shard, another] = shardsFor(route, message, fields.get('query')?.value, fields.has('collation'));
    if (shard === undefined || another !== undefined) {
      throw new Refusal(CODE.shardKeyNotFound, 'findAndModify on a sharded collection must name the _id');
    }
    const isRepeatable = !transaction && fields.has('txnNumber');
    return (await callParticipant(router, shard, messageFor(request, route, shard, transaction, { append }), transaction, { isRepeatable }))
      .message;
  });
}
