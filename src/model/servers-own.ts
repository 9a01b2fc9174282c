/**
 * Types that the server itself writes and clients only read. What it has recorded of a resource is no part of the record:
 * no wildcard means it, and it does not keep a resource from being deleted.
 */
export const isServersOwn = (type: string): boolean => type === 'AuditEvent';
