/** A consistency proof as Parameters. */
import type { KeptProof } from '../../store/proof/kept-proofs.ts';
import type { Divergence, LedgerProof, SetProof } from '../../store/proof/proof.ts';
import { group, type Part, part } from '../answer.ts';
import type { ToldProof } from './prove.ts';

export function proofParts({ statement, signed }: ToldProof): readonly Part[] {
  const { proof, verdict, started, completed, sets, ledger } = statement;
  return [
    part('proof', proof),
    part('verdict', verdict),
    part('started', new Date(started)),
    part('completed', new Date(completed)),
    ...sets.flatMap(setParts),
    ...(ledger ? ledgerParts(ledger) : []),
    part('signed', signed),
  ];
}

export const keptPart = ({ id, verdict, startedAt, completedAt }: Omit<KeptProof, 'signed'>): Part =>
  group('proof', [part('proof', id), part('verdict', verdict), part('started', startedAt), part('completed', completedAt)]);

function setParts({ engine, name, verdict, at, members, ranges, divergences, isCut, problem }: SetProof): readonly Part[] {
  return [
    group('provenSet', [
      part('engine', engine),
      part('name', name),
      part('verdict', verdict),
      part('at', at),
      part('problem', problem),
      part('divergencesCut', isCut || undefined),
      ...members.map(({ host, documents, digest, problem: why }) =>
        group('member', [part('host', host), part('documents', documents), part('digest', digest), part('problem', why)]),
      ),
      ...ranges.map(({ collection, range, documents, digest }) =>
        group('range', [part('collection', collection), part('range', range), part('documents', documents), part('digest', digest)]),
      ),
    ]),
    ...divergences.flatMap((divergence) => divergenceParts(name, divergence)),
  ];
}

/** A row for each member, so that tables stay flat. */
function divergenceParts(set: string, { collection, id, members }: Divergence): readonly Part[] {
  return members.map(({ host, digest }) =>
    group('divergence', [
      part('set', set),
      part('collection', collection),
      part('id', id),
      part('host', host),
      part('digest', digest ?? 'not there'),
    ]),
  );
}

function ledgerParts({ verdict, whole, pending, untold, aborted, broken, problem }: LedgerProof): readonly Part[] {
  return [
    group('ledger', [
      part('verdict', verdict),
      part('whole', whole),
      part('pending', pending),
      part('untold', untold),
      part('aborted', aborted),
      part('problem', problem),
    ]),
    ...broken.flatMap(({ gid, missing }) => missing.map((name) => group('broken', [part('transaction', gid), part('missing', name)]))),
  ];
}
