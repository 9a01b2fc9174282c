import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError, say, secondsSince } from './say.mjs';

const OWN_NODE_MAJOR = 24;
const STILL_WORKING_MS = 15_000;

/**
 * Makes node_modules what package-lock.json says.
 * @returns path of the Node that runs the project
 * @throws SetUpError
 */
export async function install(root) {
  if (!isInstalled(root)) await npmCi(root);
  return (await ownNode(root)) ?? outerNode();
}

/** npm writes its hidden lock file last, so an interrupted installation has none. */
function isInstalled(root) {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted) throw new SetUpError('package-lock.json is missing or broken.', 'Restore it with "git checkout package-lock.json".');
  return Object.entries(wanted).every(([path, { version, optional }]) => path === '' || optional || installed?.[path]?.version === version);
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

async function npmCi(root) {
  const startedAt = performance.now();
  say('· Installing packages with npm ci (once, a minute or two) …');
  const stillWorking = setInterval(() => say(`  … still installing (${secondsSince(startedAt)})`), STILL_WORKING_MS);
  // What a user's own npm settings must not take away: test tools, the install script that fetches Node.
  const flags = ['--include=dev', '--ignore-scripts=false', '--engine-strict=false', '--no-audit', '--no-fund', '--loglevel=error'];
  let { code, errors } = await runNpm(['ci', ...flags], root);
  // npm ci also refuses a lock file when a mirror lacks a package for some other platform. This holds to the versions and hashes too.
  if (code !== 0 && errors.includes('EUSAGE')) ({ code, errors } = await runNpm(['install', '--no-save', ...flags], root));
  clearInterval(stillWorking);
  if (code !== 0) throw new SetUpError(`npm ci failed: ${reasonOf(errors)}.`, remedyFor(errors));
  say(`✓ Packages installed (${secondsSince(startedAt)})`);
}

function runNpm(args, cwd) {
  const npmCli = process.env.npm_execpath;
  const [file, argv] = npmCli?.endsWith('.js') ? [process.execPath, [npmCli, ...args]] : ['npm', args];
  return new Promise((resolve) => {
    const child = spawn(file, argv, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.once('error', (error) => resolve({ code: 1, errors: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, errors }));
  });
}

function reasonOf(errors) {
  const lines = errors.split('\n').map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim());
  const told = lines.filter((line) => line !== '' && !line.startsWith('A complete log') && !line.startsWith('code '));
  const code = lines.find((line) => line.startsWith('code '));
  return [code?.slice('code '.length), told[0]?.replace(/\.$/, '')].filter(Boolean).join(', ') || 'no reason given';
}

function remedyFor(errors) {
  if (/EACCES|EPERM|EROFS|ENOSPC/.test(errors)) return 'Make the project folder writable, with 2 GB free, and run the same command again.';
  return 'Check the network and the registry that npm uses ("npm config get registry"), then run the same command again.';
}

/** The npm package `node` fetches its binary in an install script; where npm leaves those out, it is run here. */
async function ownNode(root) {
  const node = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(node)) return node;
  const folder = join(root, 'node_modules', 'node');
  say(`· Fetching Node ${OWN_NODE_MAJOR} …`);
  await new Promise((resolve) => {
    const child = spawn(process.execPath, ['installArchSpecificPackage'], { cwd: folder, stdio: 'ignore' });
    child.once('error', resolve);
    child.once('close', resolve);
  });
  const binary = join(folder, 'bin', 'node');
  return [node, binary].find(existsSync);
}

function outerNode() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major >= OWN_NODE_MAJOR) return process.execPath;
  throw new SetUpError(
    `The npm package "node" brought no Node ${OWN_NODE_MAJOR} for ${process.platform}-${process.arch}.`,
    `Install Node ${OWN_NODE_MAJOR} yourself and run the same command again.`,
  );
}
