import { join } from 'node:path';
import { say, secondsSince } from './say.mjs';

/** Runs one TypeScript file of ours with the command's arguments. */
const script =
  (file) =>
  ({ run, args }) =>
    run([file, ...args]);

/**
 * Bounds on the gateway's memory: a young generation of 16 MB, 100 MB less under load than Node's default at the same CPU; and an
 * old one that at most doubles between two collections, another 120 MB less under bulk loads for 5 % of the gateway's CPU. No hard bound,
 * which one large Bundle could hit. See docs/decisions/013.
 */
const GATEWAY_FLAGS = ['--max-semi-space-size=16', '--heap-growing-percent=100'];

/** What `npm start`, `npm test`, … do once the packages are there. Each gives an exit code. */
export const COMMANDS = {
  start: ({ run, args }) => run([...GATEWAY_FLAGS, 'src/main.ts', ...args]),
  test: runTests,
  token: script('scripts/token.ts'),
  user: script('scripts/user.ts'),
  client: script('scripts/client.ts'),
  load: script('scripts/load.ts'),
  seed: script('scripts/seed.ts'),
  migrate: script('scripts/migrate.ts'),
  keys: script('scripts/keys.ts'),
  'audit:verify': script('scripts/audit-verify.ts'),
  bench: script('bench/run.ts'),
  docs: script('scripts/generate-config-docs.ts'),
  format: ({ run, root }) => run([tool(root, '@biomejs/biome/bin/biome'), 'check', '--write']),
};

async function runTests({ run, root, args }) {
  const steps = [
    ['engines', ['scripts/fetch-engines.ts'], {}],
    ['browser', ['scripts/fetch-browser.ts'], {}],
    ['format and lint', [tool(root, '@biomejs/biome/bin/biome'), 'check', '--error-on-warnings'], { quiet: true }],
    ['types', [tool(root, 'typescript/bin/tsc'), '--noEmit', '-p', '.'], { quiet: true }],
    ['tests', [tool(root, 'vitest/vitest.mjs'), 'run', ...args], {}],
  ];
  for (const [name, argv, options] of steps) {
    const startedAt = performance.now();
    say(`· ${name} …`);
    const exitCode = await run(argv, options);
    if (exitCode !== 0) {
      say(`✗ ${name} (${secondsSince(startedAt)})`);
      return exitCode;
    }
    say(`✓ ${name} (${secondsSince(startedAt)})`);
  }
  return 0;
}

function tool(root, path) {
  return join(root, 'node_modules', path);
}
