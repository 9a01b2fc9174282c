/** Names under which connections keep the plans of statements. */
import { hash } from 'node:crypto';

/** A name for a statement's text, or undefined where too many have one: each connection keeps each plan until it ends. */
export type NameStatement = (text: string) => string | undefined;

/** Shapes of searches that are used again are few; what makes new ones all the time is planned each time. */
const MOST_NAMES = 300;

export function createStatementNames(prefix: string, most = MOST_NAMES): NameStatement {
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined || names.size >= most) return known;
    const name = `${prefix}_${hash('sha1', text, 'hex')}`;
    names.set(text, name);
    return name;
  };
}
