/** Who refers to a resource, found by the reference parameters of every type. Costs one search for each type that may. */
import { THE_SERVER } from '../../access/guarded-store.ts';
import { keyText, type ResourceKey, type ResourceVersion } from '../../model/resource.ts';
import { isServersOwn } from '../../model/servers-own.ts';
import type { SearchExpression } from '../../search/expression/expression.ts';
import { or } from '../../search/expression/expression.ts';
import { isSearchable } from '../../search/param-types/criterion.ts';
import { applyAccess } from '../../search/plan/apply-access.ts';
import { parseSearch } from '../../search/request/parse.ts';
import { mapBounded } from '../bounded.ts';
import type { InteractionContext } from '../context.ts';

const AT_ONCE = 8;

/** What holds of the resources of a type that refer to the target by a search parameter; `nothing` if none can. */
export function referringTo({ search }: InteractionContext, type: string, target: ResourceKey): SearchExpression {
  const codes = search.registry
    .parametersOf(type)
    .filter((parameter) => parameter.type === 'reference' && isSearchable(parameter) && parameter.targets.includes(target.type))
    .map(({ code }) => code);
  return or(codes.map((code) => parseSearch([[code, keyText(target)]], [type], { ...search, handling: 'strict' }).where));
}

/** At most `limit` referrers of each type. A reference that no search parameter covers is not found. */
export async function referrersOf(context: InteractionContext, target: ResourceKey, limit: number): Promise<readonly ResourceVersion[]> {
  const sort = [{ parameter: '_identity', descending: false }];
  const found = await mapBounded(
    context.definitions.resourceTypes.filter((type) => !isServersOwn(type)),
    AT_ONCE,
    async (type) => {
      const asked = referringTo(context, type, target);
      if (asked.kind === 'nothing') return [];
      // What refers to it counts whether or not the client may see it.
      const search = applyAccess({ types: [type], where: asked, sort, limit }, (each) => THE_SERVER.narrow(each, 's'));
      return context.store.search(search);
    },
  );
  return found.flat().map(({ resource }) => resource);
}
