/** The words of a search parameter's FHIRPath. */

/** A cursor over the words; `take` and `expect` throw at the end or at another word. */
export interface PathTokens {
  peek(): string | undefined;
  isAtEnd(): boolean;
  take(): string;
  takeIf(word: string): boolean;
  expect(word: string): void;
}

const WORD = /\s*('[^']*'|\$?[A-Za-z_][A-Za-z0-9_]*|\d+|!=|[.|()[\]=])/y;

/** @throws Error at a character that no search path has */
export function tokenise(expression: string): PathTokens {
  const words = split(expression);
  let at = 0;
  const fail = (wanted: string) => {
    throw new Error(`search path ${expression}: ${wanted} expected, ${words[at] ?? 'the end'} found`);
  };
  const take = () => words[at++] ?? fail('a word');
  const takeIf = (word: string) => words[at] === word && ++at > 0;
  return {
    peek: () => words[at],
    isAtEnd: () => at === words.length,
    take: take as () => string,
    takeIf,
    expect: (word) => void (takeIf(word) || fail(word)),
  };
}

function split(expression: string): string[] {
  const words: string[] = [];
  const word = new RegExp(WORD);
  const text = expression.trimEnd();
  while (word.lastIndex < text.length) {
    const from = word.lastIndex;
    const match = word.exec(text);
    if (!match?.[1]) throw new Error(`search path ${expression}: character ${from + 1} is not understood`);
    words.push(match[1]);
  }
  return words;
}
