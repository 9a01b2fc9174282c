/** The move of a record to another zone as a record of its own. The update that brought it about is on record as any request is. */
import type { Author } from '../model/resource.ts';
import type { AuditRecord } from './record.ts';

interface FinishedMove {
  readonly id: string;
  readonly patient?: string;
  /** Record keys: their first two characters are the zones. */
  readonly from?: string;
  readonly to?: string;
  readonly moved: number;
  /** Who wrote the patient with another region, and in which request. */
  readonly by: Author;
}

/** What the server does by itself, by the name that it has among interactions. */
export const MOVE = 'move';

export function moveRecord({ id, patient = '', from = '', to = '', moved, by }: FinishedMove): Omit<AuditRecord, 'recorded'> {
  return {
    interaction: MOVE,
    status: 200,
    ...by,
    issuer: '',
    address: '',
    entities: [`Patient/${patient}`],
    patients: [patient],
    query: '',
    note: `move ${id} is complete: ${moved} clinical resources from zone ${from.slice(0, 2)} to zone ${to.slice(0, 2)}`,
  };
}
