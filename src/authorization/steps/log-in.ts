/** Who is it? */
import { createAuthenticator, type LoginOutcome } from '../accounts/accounts.ts';
import { createPasswords, TooManyLogins } from '../accounts/passwords.ts';
import { loginPage } from '../pages/pages.ts';
import type { AuthorizationOptions } from '../settings.ts';
import type { Scene, Step } from './step.ts';

const REFUSED_TEXT = 'That name, password or code is not right, or the account is locked for a while.';

/** Asks for name, password and, where the account has one, the code; ends with the account's id. */
export function createLogIn(options: AuthorizationOptions): (scene: Scene) => Promise<Step> {
  const { report } = options;
  const authenticate = createAuthenticator({ ...options, passwords: createPasswords() });
  return logIn;

  async function logIn({ isPost, form, clientId, clientName, address }: Scene): Promise<Step> {
    if (!isPost) return { page: loginPage({ clientName, needsCode: false }) };
    const login = form.get('login') ?? '';
    const outcome = await tryLogin({ login, password: form.get('password') ?? '', code: form.get('code') ?? '' });
    if (outcome === 'busy') {
      return {
        page: loginPage({ clientName, login, needsCode: false, problem: 'Too many people log in just now: try again.' }),
        status: 503,
      };
    }
    if (outcome.kind === 'welcome') {
      report({ kind: 'login', user: outcome.account.login, client: clientId, address });
      return {
        result: {
          login: { accountId: outcome.account.id, amr: outcome.account.totpSecret ? ['pwd', 'otp', 'mfa'] : ['pwd'], remember: false },
        },
      };
    }
    const needsCode = outcome.kind === 'code-needed';
    if (!needsCode) report({ kind: 'login-refused', user: login.slice(0, 64), client: clientId, address });
    return {
      page: loginPage({ clientName, login, needsCode, problem: needsCode ? 'Type your password again, with the code.' : REFUSED_TEXT }),
      status: 401,
    };
  }

  async function tryLogin(given: Parameters<typeof authenticate>[0]): Promise<LoginOutcome | 'busy'> {
    try {
      return await authenticate(given);
    } catch (error) {
      if (error instanceof TooManyLogins) return 'busy';
      throw error;
    }
  }
}
