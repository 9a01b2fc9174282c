/**
 * The mark of what has been through the access pass. Stores are reached through `access/guarded-store`, which takes marked
 * searches only, and only `apply-access.ts` marks: a search that forgot what its caller may see doesn't compile.
 */
declare const withinAccess: unique symbol;

export type Authorized<T> = T & { readonly [withinAccess]: true };
