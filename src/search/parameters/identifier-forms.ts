/** The texts under which the values of Identifiers are indexed: themselves, or keyed hashes of them. */

export interface IdentifierForms {
  /** True if indexes do not have the values as they are, so that nothing can be told from an entry. */
  readonly isHidden: boolean;
  /** As the index of a resource of type `on` has it. */
  stored(on: string, value: string): string;
  /** All forms that an index may have: one, but for the time in which what is stored changes from one form to another. */
  searched(on: string, value: string): readonly string[];
}

export const PLAIN_IDENTIFIERS: IdentifierForms = { isHidden: false, stored: (_on, value) => value, searched: (_on, value) => [value] };
