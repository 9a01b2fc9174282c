/**
 * Runs a command of `scripts/`: a number that it gives is the exit code, an error is told in one line.
 * @param failed the exit code of an error
 */
export async function runCommand(main: () => Promise<unknown>, failed = 1): Promise<void> {
  try {
    const code = await main();
    if (typeof code === 'number') process.exitCode = code;
  } catch (error) {
    process.stderr.write(`✗ ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = failed;
  }
}
