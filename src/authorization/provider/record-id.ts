import { hash } from 'node:crypto';

/** Their ids are no secrets: nothing that a client or a browser holds. */
const OPEN_IDS = new Set(['Grant', 'ReplayDetection', 'LaunchContext']);

/** The id under which a record lies. What a client or browser holds is kept as a hash alone. */
export const recordId = (model: string, id: string): string => (OPEN_IDS.has(model) ? id : hash('sha256', id, 'base64url'));
