/**
 * Apps and backend services of the embedded authorization server:
 *
 *     npm run -s client add -- --name 'Growth chart' --kind public --redirect-uri https://app.example/ --scope 'launch/patient patient/*.rs'
 *     npm run -s client add -- --name 'Warehouse' --kind service --jwks-url https://warehouse.example/jwks --scope 'system/*.rs'
 */
import { readFile } from 'node:fs/promises';
import { type ClientRequest, RegistrationError, registerClient } from '../src/authorization/client-registration.ts';
import { endClient } from '../src/authorization/revocations.ts';
import { ConfigError, loadConfig } from '../src/config/load.ts';
import type { AuthorizationStore } from '../src/store/authorization.ts';
import { type CommandLine, readCommandLine } from './authorization/arguments.ts';
import { withAuthorizationStore } from './authorization/open-store.ts';
import { runCommand } from './run-command.ts';

const KINDS = ['public', 'secret', 'key', 'service'] as const;
const USAGE = `Usage: npm run -s client add -- --name NAME --kind ${KINDS.join('|')} --scope SCOPES [--id ID]
         [--redirect-uri URI …] [--jwks-url URL | --jwks FILE]
       npm run -s client list
       npm run -s client remove ID
public: PKCE alone; secret: HTTP Basic; key: private_key_jwt; service: private_key_jwt without a person.
The gateway's own flags, where they matter: --data-dir, --connect.`;

async function main(args: readonly string[]): Promise<void> {
  const line = readCommandLine(args, ['name', 'kind', 'scope', 'id', 'redirect-uri', 'jwks-url', 'jwks']);
  const [action, id = ''] = line.words;
  const config = loadConfig(line.rest, process.env);
  const actions: Readonly<Record<string, (store: AuthorizationStore) => Promise<string>>> = {
    add: async (store) => add(store, await requestOf(line)),
    list,
    remove: async (store) => {
      if (!(await endClient(store, id, Date.now()))) throw new ConfigError(`There is no client "${id}".`);
      return `${id} is removed; what was granted to it has ended.`;
    },
  };
  const act = actions[action ?? ''];
  if (!act) throw new ConfigError(USAGE);
  process.stdout.write(`${await withAuthorizationStore(config, act)}\n`);
}

async function requestOf(line: CommandLine): Promise<ClientRequest> {
  const kind = line.flag('kind') as ClientRequest['kind'];
  if (!KINDS.includes(kind)) throw new ConfigError(`--kind must be one of ${KINDS.join(', ')}.\n${USAGE}`);
  const [id, jwksUrl, file] = [line.flag('id'), line.flag('jwks-url'), line.flag('jwks')];
  return {
    name: line.flag('name') ?? '',
    kind,
    scope: line.flag('scope') ?? '',
    redirectUris: line.flags('redirect-uri'),
    ...(id && { id }),
    ...(jwksUrl && { jwksUrl }),
    ...(file && { jwks: await readJson(file) }),
  };
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new ConfigError(`--jwks ${file}: ${(error as Error).message}`);
  }
}

async function add(store: AuthorizationStore, request: ClientRequest): Promise<string> {
  const { client, secret } = registerClient(request);
  if (!(await store.addClient(client))) throw new RegistrationError(`There is a client "${client.id}" already.`);
  return [`client_id      ${client.id}`, ...(secret ? [`client_secret  ${secret}`] : [])].join('\n');
}

async function list(store: AuthorizationStore): Promise<string> {
  const lines = (await store.clients()).map(({ id, metadata, isDemo }) =>
    [id, metadata.client_name, metadata.token_endpoint_auth_method, metadata.smart_scope, isDemo ? 'demo' : ''].join('\t').trimEnd(),
  );
  return lines.length > 0 ? lines.join('\n') : 'There are no clients.';
}

await runCommand(() => main(process.argv.slice(2)));
