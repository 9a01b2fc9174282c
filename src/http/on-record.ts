/** Puts requests on record before they are answered. */
import type { IncomingMessage } from 'node:http';
import type { Audit } from '../audit/audit.ts';
import { statusOf } from '../interactions/answer/error-response.ts';
import type { FhirResponse } from '../interactions/request.ts';
import { auditRecordOf, type Heard } from './audit-record.ts';
import { callerOf } from './middleware/caller.ts';

interface OnRecord {
  /** Asked before anything is done. @throws FhirError 503 when nothing can be kept just now */
  check(heard: Heard): void;
  /** @throws FhirError 503 when it can't be kept */
  keep(incoming: IncomingMessage, heard: Heard, answered: Pick<FhirResponse, 'status'>, requestId: string): Promise<void>;
  /** The error, once it is on record; else why it can't be. */
  keepError(error: unknown, incoming: IncomingMessage, heard: Heard, requestId: string): Promise<unknown>;
}

export interface OnRecordOptions {
  /** Where every request is put on record before it is answered; without it nothing is. */
  readonly audit?: Audit | undefined;
  readonly trustForwarded: boolean;
}

export function createOnRecord(options: OnRecordOptions): OnRecord {
  const { audit } = options;
  const keep: OnRecord['keep'] = async (incoming, heard, answered, requestId) => {
    if (audit && isAudited(heard))
      await audit.keepTogether(auditRecordOf(incoming, callerOf(incoming, options), heard, answered, requestId));
  };
  return {
    check(heard) {
      if (isAudited(heard)) audit?.check();
    },
    keep,
    async keepError(error, incoming, heard, requestId) {
      try {
        await keep(incoming, heard, { status: statusOf(error) }, requestId);
        return error;
      } catch (refusal) {
        return refusal;
      }
    },
  };
}

/** What is about nobody's data, and what is no FHIR, is not put on record. */
const isAudited = ({ target, route }: Heard): boolean => target !== undefined && route?.interaction !== 'capabilities';
