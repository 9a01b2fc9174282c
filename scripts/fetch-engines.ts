/** Finds the engines that the embedded mode runs, or fetches them, so that nothing later waits for a download. */
import { loadConfig } from '../src/config/load.ts';
import { findMongod } from '../src/embedded/mongo/find-mongod.ts';

const config = loadConfig([], process.env);
const say = (line: string) => process.stderr.write(`  ${line}\n`);

await findMongod({ binary: config.mongodBinary, log: say })
  .then((path) => say(`mongod: ${path}`))
  .catch((error: Error) => {
    process.stderr.write(`✗ ${error.message}\n`);
    process.exitCode = 1;
  });
