/** The name of a two-phase commit tells recovery all it needs: `meridian:<gateway>:<ULID>:<rk>:<session>`, under 200 bytes. */
import type { CommitName } from './participants.ts';

/** What the names of all our prepared transactions begin with. */
export const NAME_PREFIX = 'meridian:';

export interface ParsedName extends CommitName {
  readonly gatewayId: string;
  readonly sessionId: string;
}

/** `rk`: the record that the commit is about; the marker lies on its shard. */
export function nameCommit(parts: { gatewayId: string; ulid: string; rk: string; sessionId: string }): CommitName {
  return { gid: `${NAME_PREFIX}${parts.gatewayId}:${parts.ulid}:${parts.rk}:${parts.sessionId}`, rk: parts.rk };
}

/** The parts of a name, or undefined if it isn't one of ours. */
export function parseCommitName(gid: string): ParsedName | undefined {
  const [, gatewayId, , rk, sessionId] = gid.split(':');
  if (!gid.startsWith(NAME_PREFIX) || !gatewayId || !rk || sessionId === undefined) return undefined;
  return { gid, rk, gatewayId, sessionId };
}
