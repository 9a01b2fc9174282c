/** One FHIR request, from its headers to its answer. */
import type { IncomingMessage } from 'node:http';
import type { InteractionContext } from '../interactions/context.ts';
import { operationOf } from '../interactions/dispatch.ts';
import type { FhirRequest, FhirResponse } from '../interactions/request.ts';
import type { Route } from '../interactions/route.ts';
import type { Work } from '../lifecycle/work-under-way.ts';
import type { Admit } from './admit.ts';
import type { Heard } from './audit-record.ts';
import type { Consistency } from './consistency.ts';
import type { Admission, Place } from './middleware/admission.ts';
import { weightOf } from './middleware/weight.ts';
import { createOnRecord, type OnRecordOptions } from './on-record.ts';
import { createReceive, type ReceiveOptions } from './receive.ts';
import type { Exchange, ResponseWriter } from './response.ts';

export interface AnswerOptions extends ReceiveOptions, OnRecordOptions {
  readonly context: InteractionContext;
  /** How long a request may take, and a Bundle or an operation; default: any time. */
  readonly requestTimeoutMs?: number;
  readonly bundleTimeoutMs?: number;
  /** From where requests read, and how new it must be; without it from wherever the stores like. */
  readonly consistency?: Consistency;
}

interface AnswerParts {
  readonly admit: Admit;
  readonly admission: Admission;
  readonly writer: ResponseWriter;
}

/** Never rejects but for a failure of the writer itself: what goes wrong is the answer. */
type Answer = (incoming: IncomingMessage, work: Work, exchange: Exchange) => Promise<Response>;

export function createAnswer(options: AnswerOptions, { admit, admission, writer }: AnswerParts): Answer {
  const { context, consistency, requestTimeoutMs = Number.POSITIVE_INFINITY, bundleTimeoutMs = Number.POSITIVE_INFINITY } = options;
  const { definitions, findOperation, dispatch } = context;
  const receive = createReceive(options, definitions, { isResourceType: (type) => definitions.isResourceType(type), findOperation });
  const onRecord = createOnRecord(options);
  const isAdministrative = (route: Route) => operationOf(route, context)?.isAdministrative ?? false;

  function carryOut(request: FhirRequest, route: Route, { headers }: IncomingMessage, exchange: Exchange): Promise<FhirResponse> {
    const terms = consistency?.termsOf(route, headers, operationOf(route, context)?.isReading);
    exchange.shown = terms?.shown;
    return terms ? terms.run(() => dispatch(request)) : dispatch(request);
  }

  return async (incoming, work, exchange) => {
    const heard: Heard = { target: undefined };
    let place: Place | undefined;
    let isOnRecord = false;
    try {
      const asked = receive.ask(incoming, exchange, heard);
      const { route } = asked;
      const weight = weightOf(route, isAdministrative);
      place = admission.enter(weight.urgency);
      work.endWithin(weight.isLong ? bundleTimeoutMs : requestTimeoutMs);
      onRecord.check(heard);
      const who = await admit(incoming, route, weight, exchange, heard);
      const request = await receive.request(incoming, asked, who, exchange, place);
      heard.request = request;
      const response = await carryOut(request, route, incoming, exchange);
      isOnRecord = true;
      await onRecord.keep(incoming, heard, response, exchange.requestId);
      return await writer.write(response, exchange);
    } catch (error) {
      const told = isOnRecord ? error : await onRecord.keepError(error, incoming, heard, exchange.requestId);
      return await writer.writeError(told, exchange);
    } finally {
      place?.leave();
    }
  };
}
