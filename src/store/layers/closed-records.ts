/** A store that takes no writes to records that are being erased. */
import { conflict } from '../../model/error.ts';
import type { ResourceStore, Write } from '../store.ts';

/** @param isClosed asked for each write; nearly always false at once */
export function createClosedRecordsStore(store: ResourceStore, isClosed: (write: Write) => boolean): ResourceStore {
  return {
    ...store,
    async commit(unit) {
      if (unit.writes.some(isClosed)) throw conflict('The record is being erased: it takes no writes until that is done.');
      await store.commit(unit);
    },
  };
}
