/** The Node that further processes of ours run on. */
import { fileURLToPath } from 'node:url';

/** One that strips types: ours, or the one that the project brings when we run on an older one (a test runner may). */
export function nodeBinary(): string {
  if (process.features.typescript) return process.execPath;
  return fileURLToPath(new URL('../../../node_modules/node/bin/node', import.meta.url));
}
