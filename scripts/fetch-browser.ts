/**
 * Finds Chromium for the browser tests, or installs Debian's where it can: as root, with apt. Without one the tests that need
 * it are left out, and say so.
 */
import { spawnSync } from 'node:child_process';
import { findChromium } from '../tests/support/chromium.ts';

const say = (line: string) => process.stderr.write(`  ${line}\n`);
const apt = (...args: string[]) =>
  spawnSync('apt-get', args, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, timeout: 300_000 }).status ===
  0;

if (!findChromium() && process.getuid?.() === 0) {
  say('installing chromium with apt …');
  const packages = ['install', '-y', '--no-install-recommends', 'chromium'];
  if (!apt(...packages) && apt('update')) apt(...packages);
}
const found = findChromium();
say(found ? `chromium: ${found}` : '! There is no Chromium: THE BROWSER TESTS ARE SKIPPED. Install chromium, or set CHROMIUM_BINARY.');
