/** Runs one conformance case against a server. */
import { randomUUID } from 'node:crypto';
import type { Case, CaseFile, Expectation, Step } from './case.ts';
import { type Answer, send, type Target } from './send.ts';
import { fill, isAsExpected, valueAt } from './values.ts';

/** What steps keep for later ones: texts by name, and whole answers. */
interface Kept {
  readonly texts: ReadonlyMap<string, string>;
  readonly answers: ReadonlyMap<string, Answer>;
}

interface Keeping extends Kept {
  readonly texts: Map<string, string>;
  readonly answers: Map<string, Answer>;
}

/** What a file's cases have in common, made once. @throws Error if it can't be made */
export async function prepareFile({ given = [], never = [] }: CaseFile, target: Target): Promise<Kept & Pick<CaseFile, 'never'>> {
  const kept: Keeping = {
    texts: new Map([
      ['world', randomUUID().slice(0, 8)],
      ['base', target.baseUrl],
    ]),
    answers: new Map(),
  };
  const problems = await runGiven(given, target, kept);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return { ...kept, never: fill(never, kept.texts) };
}

/** What went wrong, one line each; [] if the case holds. */
export async function runCase(each: Case, target: Target, shared?: Kept & Pick<CaseFile, 'never'>): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const value of each.each ?? ['']) problems.push(...(await runOnce(each, value, target, shared)));
  return problems;
}

async function runOnce(each: Case, value: string, target: Target, shared?: Kept & Pick<CaseFile, 'never'>): Promise<readonly string[]> {
  const own: readonly [string, string][] = [
    ['unique', randomUUID()],
    ['base', target.baseUrl],
    ['each', fill(value, shared?.texts ?? new Map())],
  ];
  const kept: Keeping = { texts: new Map([...(shared?.texts ?? []), ...own]), answers: new Map() };
  const problems = await runGiven(each.given ?? [], target, kept);
  if (problems.length > 0) return problems;
  for (const [index, step] of stepsOf(each).entries()) {
    const found = await runStep(step, target, kept, step.isInsider ? [] : shared?.never);
    if (found.length > 0) return found.map((problem) => `${value && `${value}: `}step ${index + 1}: ${problem}`);
  }
  return [];
}

const stepsOf = ({ steps = [], finds = {} }: Case): readonly Step[] => [
  ...steps,
  ...Object.entries(finds).map(([search, ids]): Step => {
    const path = `${search}${search.includes('?') ? '&' : '?'}_tag={{world}}&_count=1000`;
    const found = ids.split(' ').flatMap((id) => (id === '' ? [] : [`{{world}}-${id}`]));
    return { request: { method: 'GET', path }, expect: { status: 200, found } };
  }),
];

async function runGiven(steps: readonly Step[], target: Target, kept: Keeping): Promise<readonly string[]> {
  for (const step of steps) {
    const problems = await runStep({ expect: { status: [200, 201, 204] }, ...step }, target, kept);
    if (problems.length > 0) return problems.map((problem) => `given: ${problem}`);
  }
  return [];
}

async function runStep(step: Step, target: Target, kept: Keeping, never: readonly string[] = []): Promise<string[]> {
  const request = fill(step.request, kept.texts);
  const answers = await Promise.all(Array.from({ length: step.times ?? 1 }, () => send(request, target)));
  const expectation = fill(step.expect ?? {}, kept.texts);
  const [answer] = answers as [Answer];
  const found = [
    ...problemsOf(answers, { ...expectation, not: [...(expectation.not ?? []), ...never] }),
    ...differencesFrom(expectation.like, answer, kept),
    ...faultsOf(answer, target),
  ];
  const problems = found.map((problem) => `${request.method} ${request.path}: ${problem}`);
  if (problems.length > 0) return [...problems, `answer: ${answer.text.slice(0, 600)}`];
  for (const [name, path] of Object.entries(step.save ?? {})) kept.texts.set(name, String(partOf(answer, path)));
  if (step.as !== undefined) kept.answers.set(step.as, answer);
  return [];
}

function faultsOf({ body, headers, text }: Answer, target: Target): readonly string[] {
  const isResource = text !== '' && headers.get('content-type')?.startsWith('application/fhir+json');
  return isResource ? (target.faultsOf?.(body) ?? []) : [];
}

/** Headers that differ between two answers to one request. */
const BY_CHANCE = /^(?:date|x-request-id|server-timing|connection|keep-alive|ratelimit.*)$/;

function differencesFrom(like: Expectation['like'], answer: Answer, { answers }: Kept): readonly string[] {
  if (!like) return [];
  const other = answers.get(like.answer);
  if (!other) throw new Error(`no answer was kept as ${like.answer}`);
  const plain = ({ status, headers, text }: Answer) => {
    const told = JSON.stringify([status, [...headers].filter(([name]) => !BY_CHANCE.test(name)), text]);
    // Ids of different lengths are told in different lengths.
    return like.but.reduce((so, name) => so.replaceAll(name, '…'), told).replace(/\["content-length","\d+"\],?/, '');
  };
  return differences(`the answer like "${like.answer}"`, plain(answer), plain(other));
}

function problemsOf(answers: readonly Answer[], expectation: Expectation): string[] {
  const [answer] = answers as [Answer];
  if (expectation.statuses) return statusProblems(answers, expectation.statuses);
  const { status, headers = {}, body = {}, text = [], not = [], empty, found } = expectation;
  const allowed = status === undefined ? undefined : [status].flat();
  return [
    ...(allowed && !allowed.includes(answer.status) ? [`status is ${answer.status}, not ${allowed.join(' or ')}`] : []),
    ...Object.entries(headers).flatMap(([name, expected]) =>
      differences(`header ${name}`, answer.headers.get(name) ?? undefined, expected),
    ),
    ...Object.entries(body).flatMap(([path, expected]) => differences(path, valueAt(answer.body, path), expected)),
    ...(found ? differences('found', foundIn(answer), [...found].sort()) : []),
    ...text.filter((part) => !answer.text.includes(part)).map((part) => `the body lacks ${part}`),
    ...not.filter((part) => answer.text.includes(part)).map((part) => `the body has ${part}`),
    ...(empty && answer.text !== '' ? ['the body is not empty'] : []),
    ...outcomeProblems(answer),
  ];
}

interface Searchset {
  readonly total?: number;
  readonly entry?: readonly { readonly resource?: { readonly id?: string }; readonly search?: { readonly mode?: string } }[];
}

/** The ids of the matches, sorted; with the total beside them where it is another number. */
function foundIn({ body }: Answer): readonly string[] {
  const { total, entry = [] } = (body ?? {}) as Searchset;
  const ids = entry.flatMap(({ resource, search }) => (search?.mode === 'match' ? [resource?.id ?? ''] : []));
  return [...ids.sort(), ...(total === ids.length ? [] : [`total ${total}`])];
}

function statusProblems(answers: readonly Answer[], expected: Readonly<Record<string, number>>): string[] {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return differences('statuses', Object.entries(counts).sort(), Object.entries(expected).sort());
}

/** Stacks, and what drivers, databases and the engine say of errors. */
const INSIDE =
  /\bat .*\.[cm]?[jt]s:\d+|node_modules|node:internal|Cannot read properties|is not a function|MongoServerError|E11000|BSON|SELECT .* FROM|syntax error at|duplicate key value|violates \w+ constraint|ECONN[A-Z]+/;

/** Every error carries an OperationOutcome whose issues have severity and code, and tells nothing of the server's inside. */
function outcomeProblems({ status, text, headers }: Answer): string[] {
  if (status < 400) return [];
  const isOutcome =
    /"resourceType":\s*"OperationOutcome"|<OperationOutcome/.test(text) || headers.get('content-length') === '0' || text === '';
  const leaks = INSIDE.test(text);
  return [...(isOutcome ? [] : ['an error without OperationOutcome']), ...(leaks ? ['an error that tells of the inside'] : [])];
}

function differences(what: string, actual: unknown, expected: unknown): string[] {
  return isAsExpected(actual, expected) ? [] : [`${what} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`];
}

function partOf(answer: Answer, path: string): unknown {
  if (path === 'status') return answer.status;
  const header = /^header\.(.+)$/.exec(path)?.[1];
  if (header) return answer.headers.get(header) ?? '';
  return valueAt(answer.body, path.replace(/^body\.?/, ''));
}
