/**
 * Passwords as argon2id hashes.
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 */

/** OWASP's first choice: 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Each takes 19 MiB while it runs, so that a crowd at the login page can't fill the memory. */
const AT_ONCE = 2;
const WAITING = 50;

export const SHORTEST_PASSWORD = 12;

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes as long for an account that isn't there (`hash` undefined) as for one that is. @throws TooManyLogins */
  verify(hash: string | undefined, password: string): Promise<boolean>;
}

/** So many logins are waiting that one more is turned away. */
export class TooManyLogins extends Error {}

export function createPasswords(): Passwords {
  const argon2 = import('@node-rs/argon2');
  const inTurn = turnstile(AT_ONCE, WAITING);
  let decoy: Promise<string> | undefined;
  const hash = (password: string) => inTurn(async () => (await argon2).hash(password, PARAMETERS));
  return {
    hash,
    async verify(stored, password) {
      decoy ??= hash('a password that nobody has');
      const against = stored ?? (await decoy);
      const matches = await inTurn(async () => (await argon2).verify(against, password));
      return matches && stored !== undefined;
    },
  };
}

/** Lets so many run at once; the others wait in line. */
function turnstile(atOnce: number, mostWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  const line: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= atOnce) {
      if (line.length >= mostWaiting) throw new TooManyLogins('too many logins at once');
      await new Promise<void>((resolve) => line.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      const next = line.shift();
      if (next) next();
      else running--;
    }
  };
}
