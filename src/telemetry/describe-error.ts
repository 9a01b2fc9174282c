/** What of an error may be logged. */
interface DescribedError {
  readonly name: string;
  readonly code?: string | number;
  readonly message?: string;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

/** Error classes of the drivers (node-postgres calls its own just `error`): their messages quote stored values. */
const QUOTES_DATA = /^(Mongo|BSON|error$|DatabaseError|DrizzleQueryError|SyntaxError)/;
const DEEPEST_CAUSE = 4;

/** Name, code, stack and causes; the message too unless it may quote stored values. */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = (error as { code?: unknown }).code;
  const quotesData = QUOTES_DATA.test(error.name) || QUOTES_DATA.test(error.constructor.name);
  return {
    name: error.name === 'error' ? 'DatabaseError' : error.name,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(!quotesData && { message: error.message }),
    ...(error.stack && { stack: framesOf(error.stack) }),
    ...(error.cause !== undefined && depth < DEEPEST_CAUSE && { cause: describeError(error.cause, depth + 1) }),
  };
}

/** The stack without its first lines, which repeat the message. */
function framesOf(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}
