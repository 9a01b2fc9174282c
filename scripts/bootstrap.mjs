/**
 * The way in from a bare clone, for every npm script: `node scripts/bootstrap.mjs <command> [arguments]`.
 *
 * It runs on the Node that is there (20 or newer), needs no package, installs what package-lock.json names when that is
 * missing, and hands over to the Node that the project brings. It writes to standard error only, so that what a command
 * prints (a token, say) is all there is on standard output.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from './bootstrap/child.mjs';
import { COMMANDS } from './bootstrap/commands.mjs';
import { install } from './bootstrap/install.mjs';
import { checkPlatform } from './bootstrap/platform.mjs';
import { SetUpError, say } from './bootstrap/say.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function main([name, ...args]) {
  const command = COMMANDS[name];
  if (!command) throw new SetUpError(`There is no command "${name ?? ''}".`, `Use one of: ${Object.keys(COMMANDS).join(', ')}.`);
  checkPlatform();
  const node = await install(root);
  return await command({ node, root, args, run: (argv, options) => runChild(node, argv, { cwd: root, ...options }) });
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error) => {
    if (!(error instanceof SetUpError)) throw error;
    say(`✗ ${error.message}`);
    process.exitCode = 1;
  },
);
