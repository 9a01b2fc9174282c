/** A search parameter of a hospital's own, and a resource to find by it. */

export const ownParameter = (code: string) => ({
  resourceType: 'SearchParameter',
  id: code,
  url: `urn:test:${code}`,
  name: 'Ward',
  status: 'active',
  description: 'The ward',
  code,
  base: ['Condition'],
  type: 'token',
  expression: "Condition.extension.where(url='urn:ward').value",
});

export const CONDITION = { resourceType: 'Condition', subject: { reference: 'Patient/own' } };
