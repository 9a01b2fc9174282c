/** A store whose records can be moved to another zone: it asks for moves, and takes no writes to a record that is being moved. */

import { unavailable } from '../../model/error.ts';
import { DEFAULT_ZONE } from '../../model/record-key.ts';
import type { Author, ResourceDraft } from '../../model/resource.ts';
import type { RecordKeys } from '../record-keys.ts';
import type { ResourceStore, StoreSearch, Write } from '../store.ts';

interface MovingOptions {
  readonly records: RecordKeys;
  /** The zone that is right for a patient; undefined for the default one. Absent where no regions are configured. */
  readonly zoneOf?: (patient: object) => string | undefined;
  /** Keeps that the patient's record may have to be moved. */
  readonly want: (patientId: string, by: Author) => Promise<void>;
  /** Asked for each write; nearly always false at once. */
  readonly isClosed: (write: Write) => boolean;
}

const RETRY_AFTER_S = 2;

export function createMovingStore(store: ResourceStore, { records, zoneOf, want, isClosed }: MovingOptions): ResourceStore {
  const isElsewhere = ({ type, deleted, raw, rk }: ResourceDraft) =>
    type === 'Patient' && !deleted && zoneOf !== undefined && (zoneOf(JSON.parse(raw)) ?? DEFAULT_ZONE) !== rk.slice(0, 2);
  return {
    ...store,
    async commit(unit) {
      if (unit.writes.some(isClosed))
        throw unavailable("The patient's record is being moved to another region: it takes writes again in a moment.", RETRY_AFTER_S);
      // Before the commit, so that no crash can lose it; whoever takes the job up looks what has become of the patient.
      const elsewhere = zoneOf ? unit.writes.filter(({ draft }) => isElsewhere(draft)) : [];
      for (const { draft } of elsewhere) await want(draft.id, draft.by);
      await store.commit(unit);
    },
    search: (search) => store.search(search.after && search.patient ? atPlace(search, records) : search),
  };
}

/** The page goes on where the last one ended, though the record has moved since. */
function atPlace(search: StoreSearch, records: RecordKeys): StoreSearch {
  const rk = records.of((search.patient as string).slice('Patient/'.length));
  const after = search.after?.map((value, index) => {
    if (search.sort[index]?.parameter !== '_identity' || typeof value !== 'string') return value;
    // The zone only: another patient's resources keep their own record key.
    return value.slice(2, 10) === rk.slice(2) && value[10] === '/' ? rk + value.slice(10) : value;
  });
  return { ...search, ...(after && { after }) };
}
