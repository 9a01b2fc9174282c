/** Runs one conformance case against a server. */
import { randomUUID } from 'node:crypto';
import type { Case, Expectation, Step } from './case.ts';
import { type Answer, send, type Target } from './send.ts';
import { fill, isAsExpected, valueAt } from './values.ts';

/** What went wrong, one line each; [] if the case holds. */
export async function runCase(each: Case, target: Target): Promise<readonly string[]> {
  const saved = new Map([
    ['unique', randomUUID()],
    ['base', target.baseUrl],
  ]);
  for (const step of each.given ?? []) {
    const problems = await runStep({ expect: { status: [200, 201, 204] }, ...step }, target, saved);
    if (problems.length > 0) return problems.map((problem) => `given: ${problem}`);
  }
  for (const [index, step] of each.steps.entries()) {
    const problems = await runStep(step, target, saved);
    if (problems.length > 0) return problems.map((problem) => `step ${index + 1}: ${problem}`);
  }
  return [];
}

async function runStep(step: Step, target: Target, saved: Map<string, string>): Promise<string[]> {
  const request = fill(step.request, saved);
  const answers = await Promise.all(Array.from({ length: step.times ?? 1 }, () => send(request, target)));
  const expectation = fill(step.expect ?? {}, saved);
  const problems = problemsOf(answers, expectation).map((problem) => `${request.method} ${request.path}: ${problem}`);
  const [answer] = answers as [Answer];
  if (problems.length > 0) return [...problems, `answer: ${answer.text.slice(0, 600)}`];
  for (const [name, path] of Object.entries(step.save ?? {})) saved.set(name, String(partOf(answer, path)));
  return [];
}

function problemsOf(answers: readonly Answer[], expectation: Expectation): string[] {
  const [answer] = answers as [Answer];
  if (expectation.statuses) return statusProblems(answers, expectation.statuses);
  const { status, headers = {}, body = {}, text = [], not = [], empty } = expectation;
  const allowed = status === undefined ? undefined : [status].flat();
  return [
    ...(allowed && !allowed.includes(answer.status) ? [`status is ${answer.status}, not ${allowed.join(' or ')}`] : []),
    ...Object.entries(headers).flatMap(([name, expected]) =>
      differences(`header ${name}`, answer.headers.get(name) ?? undefined, expected),
    ),
    ...Object.entries(body).flatMap(([path, expected]) => differences(path, valueAt(answer.body, path), expected)),
    ...text.filter((part) => !answer.text.includes(part)).map((part) => `the body lacks ${part}`),
    ...not.filter((part) => answer.text.includes(part)).map((part) => `the body has ${part}`),
    ...(empty && answer.text !== '' ? ['the body is not empty'] : []),
    ...outcomeProblems(answer),
  ];
}

function statusProblems(answers: readonly Answer[], expected: Readonly<Record<string, number>>): string[] {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return differences('statuses', Object.entries(counts).sort(), Object.entries(expected).sort());
}

/** Every error carries an OperationOutcome whose issues have severity and code, and tells nothing of the server's inside. */
function outcomeProblems({ status, text, headers }: Answer): string[] {
  if (status < 400) return [];
  const isOutcome =
    /"resourceType":\s*"OperationOutcome"|<OperationOutcome/.test(text) || headers.get('content-length') === '0' || text === '';
  const leaks = /\bat .*\.[cm]?[jt]s:\d+|node_modules|MongoServerError|SELECT .* FROM|E11000/.test(text);
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
