/**
 * People who log in at the embedded authorization server:
 *
 *     npm run -s user add house --role doctor --name 'Gregory House' --fhir-user Practitioner/123
 *     npm run -s user list
 *     npm run -s user disable house
 */
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { addAccount } from '../src/authorization/accounts/accounts.ts';
import { createPasswords } from '../src/authorization/accounts/passwords.ts';
import { endAccount } from '../src/authorization/revocations.ts';
import { ConfigError, loadConfig } from '../src/config/load.ts';
import { type AuthorizationStore, ROLES, type Role } from '../src/store/authorization.ts';
import { type CommandLine, readCommandLine } from './authorization/arguments.ts';
import { withAuthorizationStore } from './authorization/open-store.ts';
import { runCommand } from './run-command.ts';

const USAGE = `Usage: npm run -s user add LOGIN -- --role ${ROLES.join('|')} [--name NAME] [--fhir-user Practitioner/ID|Patient/ID] [--totp] [--password-stdin]
       npm run -s user list
       npm run -s user disable LOGIN
and the gateway's own flags, where they matter: --data-dir, --connect. Without --password-stdin a password is made and printed.`;

async function main(args: readonly string[]): Promise<void> {
  const line = readCommandLine(args, ['role', 'name', 'fhir-user'], ['totp', 'password-stdin']);
  const [action, login = ''] = line.words;
  const config = loadConfig(line.rest, process.env);
  const actions: Readonly<Record<string, (store: AuthorizationStore) => Promise<string>>> = {
    add: (store) => add(store, login, line),
    list,
    disable: async (store) => {
      if (!(await endAccount(store, login, Date.now()))) throw new ConfigError(`There is no account "${login}".`);
      return `${login} can log in no more; sessions and tokens have ended.`;
    },
  };
  const act = actions[action ?? ''];
  if (!act || (action !== 'list' && login === '')) throw new ConfigError(USAGE);
  process.stdout.write(`${await withAuthorizationStore(config, act)}\n`);
}

async function add(store: AuthorizationStore, login: string, line: CommandLine): Promise<string> {
  const role = line.flag('role') as Role;
  if (!ROLES.includes(role)) throw new ConfigError(`--role must be one of ${ROLES.join(', ')}.`);
  const given = line.has('password-stdin') ? (await text(process.stdin)).replace(/\r?\n$/, '') : undefined;
  const password = given ?? randomBytes(15).toString('base64url');
  const fhirUser = line.flag('fhir-user');
  const hasTotp = line.has('totp') || role === 'admin';
  const { totpUri } = await addAccount(store, createPasswords(), {
    login,
    displayName: line.flag('name') ?? login,
    role,
    ...(fhirUser && { fhirUser }),
    password,
    hasTotp,
  });
  return [
    `${role} ${login}`,
    ...(given === undefined ? [`password       ${password}`] : []),
    ...(totpUri ? [`authenticator  ${totpUri}`] : []),
  ].join('\n');
}

async function list(store: AuthorizationStore): Promise<string> {
  const accounts = await store.accounts();
  const lines = accounts.map(({ login, role, displayName, fhirUser, totpSecret, isDisabled, isDemo, lockedUntil }) => {
    const isLocked = lockedUntil !== undefined && lockedUntil > new Date();
    const notes = [isDemo && 'demo', isDisabled && 'disabled', isLocked && 'locked', totpSecret && 'authenticator app'].filter(Boolean);
    return [login, role, displayName, fhirUser ?? '-', notes.join(', ')].join('\t').trimEnd();
  });
  return lines.length > 0 ? lines.join('\n') : 'There are no accounts.';
}

await runCommand(() => main(process.argv.slice(2)));
