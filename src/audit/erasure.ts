/** The end of an erasure as a record. Its beginning is on record as any request is. */
import type { AuditRecord } from './record.ts';

interface FinishedErasure {
  readonly id: string;
  readonly client: string;
  readonly subject: string;
  readonly request: string;
  readonly patient?: string;
  readonly removed: number;
  readonly digest: string;
}

export function erasureRecord({
  id,
  client,
  subject,
  request,
  patient = '',
  removed,
  digest,
}: FinishedErasure): Omit<AuditRecord, 'recorded'> {
  return {
    interaction: '$expunge',
    status: 200,
    request,
    client,
    subject,
    issuer: '',
    address: '',
    entities: [`Patient/${patient}`],
    patients: [patient],
    query: '',
    note: `erasure ${id} is complete: ${removed} items, digest ${digest}`,
  };
}
