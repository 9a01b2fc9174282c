/** Notices of broken glass, where somebody wants them. */
import { join } from 'node:path';
import { createNotices, type Notices } from '../audit/notices.ts';
import type { Config } from '../config/options.ts';
import type { Logger } from '../telemetry/logger.ts';

const SHORTEST_SECRET = 16;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** @throws Error for an address without TLS beyond this machine, or a secret that is missing or short */
export function openNotices(config: Config, newId: () => string, log: Logger): Notices | undefined {
  const { breakGlassWebhook: address, breakGlassWebhookSecret: secret = '' } = config;
  if (address === undefined) return undefined;
  const { protocol, hostname } = new URL(address);
  if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.test(hostname)))
    throw new Error('--break-glass-webhook must be https (http on this machine alone)');
  if (secret.length < SHORTEST_SECRET)
    throw new Error(`--break-glass-webhook needs BREAK_GLASS_WEBHOOK_SECRET of ${SHORTEST_SECRET} characters or more`);
  return createNotices({ folder: join(config.dataDir, 'break-glass'), url: address, secret, now: Date.now, newId, log });
}
