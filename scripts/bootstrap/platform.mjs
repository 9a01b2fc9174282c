import { SetUpError, say } from './say.mjs';

const OLDEST_NODE = 20;

/** Stops where the packages can't be installed, warns where only the embedded engines are missing. */
export function checkPlatform() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE) {
    throw new SetUpError(`This is Node ${process.versions.node}, too old to set up with.`, `Install Node ${OLDEST_NODE} or newer.`);
  }
  const platform = `${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`;
  if (platform !== 'linux-x64') {
    say(`! The embedded databases are made for linux-x64 with glibc and this is ${platform}: use "docker compose up" or --connect.`);
  }
}

function isMusl() {
  return process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
}
