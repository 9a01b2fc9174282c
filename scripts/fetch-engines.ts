/** Finds the engines that the embedded mode runs, or fetches them, so that nothing later waits for a download. */
import { loadConfig } from '../src/config/load.ts';
import { findMongod } from '../src/embedded/mongo/find-mongod.ts';
import { runCommand } from './run-command.ts';

const config = loadConfig([], process.env);
const say = (line: string) => process.stderr.write(`  ${line}\n`);

await runCommand(async () => say(`mongod: ${await findMongod({ binary: config.mongodBinary, log: say })}`));
