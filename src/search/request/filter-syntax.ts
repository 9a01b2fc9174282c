/**
 * The text of `_filter` as a tree. `and` and `or` have no precedence over each other, as R4 has it: they are taken from left to
 * right, and parentheses say otherwise.
 *
 * ```
 * filter     = term *( ( "and" / "or" ) term )
 * term       = "not" "(" filter ")" / "(" filter ")" / comparison
 * comparison = path operator value              patient.name co "smi"
 * value      = JSON string / text without spaces and parentheses
 * ```
 * @see https://hl7.org/fhir/R4/search_filter.html
 */
import { invalidValue } from '../../model/error.ts';
import { FILTER_OPERATORS, type FilterOperator } from '../param-types/filter-operator.ts';

export type FilterNode =
  | { readonly kind: 'comparison'; readonly path: string; readonly operator: FilterOperator; readonly value: string; readonly at: number }
  | { readonly kind: 'and' | 'or'; readonly of: readonly FilterNode[] }
  | { readonly kind: 'not'; readonly of: FilterNode };

const LONGEST = 4_000;
const DEEPEST = 20;
const MOST_COMPARISONS = 50;

interface Token {
  readonly kind: 'word' | 'string' | '(' | ')';
  readonly text: string;
  /** Characters before it. */
  readonly at: number;
}

const wrong = (what: string, at: number) => invalidValue(`_filter: ${what} at position ${at + 1}`, '_filter');

const TOKEN = /\s+|([()])|("(?:[^"\\]|\\.)*")|([^\s()"]+)/suy;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const [whole, bracket, quoted, word] = TOKEN.exec(text) ?? [];
    if (whole === undefined) throw wrong(`${JSON.stringify(text.slice(at, at + 10))} is not understood`, at);
    if (bracket === '(' || bracket === ')') tokens.push({ kind: bracket, text: bracket, at });
    if (quoted !== undefined) tokens.push({ kind: 'string', text: unquoted(quoted, at), at });
    if (word !== undefined) tokens.push({ kind: 'word', text: word, at });
  }
  return tokens;
}

function unquoted(text: string, at: number): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw wrong(`${text.slice(0, 30)} is not a JSON string`, at);
  }
}

/** @throws FhirError 400 that names the position, also for a filter that is too long, too deep or has too many comparisons */
export function parseFilter(text: string): FilterNode {
  if (text.length > LONGEST) throw invalidValue(`_filter: at most ${LONGEST} characters, not ${text.length}`, '_filter');
  const tokens = tokensOf(text);
  let next = 0;
  let comparisons = 0;

  const peek = () => tokens[next];
  const positionNow = () => peek()?.at ?? text.length;

  function take(kind: Token['kind'], what: string): Token {
    const token = peek();
    if (token?.kind !== kind) throw wrong(`${what} is missing`, positionNow());
    next++;
    return token;
  }

  function filter(depth: number): FilterNode {
    if (depth > DEEPEST) throw wrong(`parentheses are nested more than ${DEEPEST} deep`, positionNow());
    let left = term(depth);
    for (let word = peek(); word?.kind === 'word'; word = peek()) {
      if (word.text !== 'and' && word.text !== 'or') throw wrong(`"and" or "or" is missing before "${word.text}"`, word.at);
      next++;
      left = { kind: word.text, of: [left, term(depth)] };
    }
    return left;
  }

  function term(depth: number): FilterNode {
    const token = peek();
    if (token?.kind === '(') return inBrackets(depth);
    if (token?.kind === 'word' && token.text === 'not' && tokens[next + 1]?.kind === '(') {
      next++;
      return { kind: 'not', of: inBrackets(depth) };
    }
    return comparison();
  }

  function inBrackets(depth: number): FilterNode {
    take('(', '"("');
    const inner = filter(depth + 1);
    take(')', '")"');
    return inner;
  }

  function comparison(): FilterNode {
    if (++comparisons > MOST_COMPARISONS) throw wrong(`there are more than ${MOST_COMPARISONS} comparisons`, positionNow());
    const path = take('word', 'a search parameter');
    if (/[[\]]/.test(path.text)) throw wrong('a filter in "[…]" is not supported', path.at);
    const operator = take('word', `an operator (${FILTER_OPERATORS.join(', ')})`);
    if (!isOperator(operator.text)) throw wrong(`"${operator.text}" is not one of ${FILTER_OPERATORS.join(', ')}`, operator.at);
    const value = peek();
    if (value?.kind !== 'word' && value?.kind !== 'string') throw wrong('a value is missing', positionNow());
    next++;
    if (value.text === '') throw wrong('the value is empty', value.at);
    return { kind: 'comparison', path: path.text, operator: operator.text, value: value.text, at: path.at };
  }

  const tree = filter(0);
  if (next < tokens.length) throw wrong(`"${peek()?.text}" is too much`, positionNow());
  return tree;
}

const isOperator = (text: string): text is FilterOperator => (FILTER_OPERATORS as readonly string[]).includes(text);
