/**
 * What a patient's consents deny somebody, as a condition on resources of one type.
 *
 * - A provision has a say about what all its conditions hold for; those nested in it are its exceptions and go before it. Of
 *   several nested ones, one that denies goes before one that permits.
 * - Of several consents the newest that has a say decides. What none has a say about is as the server's default has it.
 * - A label of confidentiality is a high-water mark: a permission for R covers what is labelled R or lower, or not at all; a
 *   denial of R covers R and above. (R4 says "R or lower" for both; a denial that spared the most secret would be none.)
 *
 * @see https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.securityLabel
 */
import type { SearchExpression } from '../../search/expression/expression.ts';
import { and, EVERYTHING, NOTHING, not, or } from '../../search/expression/expression.ts';
import { simplify } from '../../search/plan/simplify.ts';
import { CONFIDENTIALITY, isConfidentiality } from '../labels/confidentiality.ts';
import type { ScopeLetter } from '../scopes.ts';
import type { AboutData, Extent } from './about-data.ts';
import type { Actor, ConsentRule, Decision, Label, Provision } from './rule.ts';

/** Who asks, when and what for: what is the same for all resources. */
export interface Circumstances {
  /** Undefined: nobody can tell. */
  readonly isActor: (actor: Actor) => boolean | undefined;
  /** Of the token, codes of v3-ActReason; empty: unknown. */
  readonly purposes: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

interface Asked {
  readonly type: string;
  readonly letter: ScopeLetter;
}

/** A condition that holds for resources of the type with one of these labels. */
export type Labelled = (type: string, labels: readonly Label[]) => SearchExpression;

interface Say {
  readonly denies: SearchExpression;
  readonly permits: SearchExpression;
}

const SILENT: Say = { denies: NOTHING, permits: NOTHING };

/** What of the type `consents`, all of one patient, deny. */
export function deniedBy(
  consents: readonly ConsentRule[],
  byDefault: Decision,
  circumstances: Circumstances,
  asked: Asked,
  data: AboutData,
): SearchExpression {
  let denied = byDefault === 'deny' ? EVERYTHING : NOTHING;
  for (const { root } of oldestFirst(consents)) {
    const { denies, permits } = sayOf(root, circumstances, asked, data);
    denied = simplify(or([denies, and([denied, not(permits)])]));
  }
  return denied;
}

export const oldestFirst = (consents: readonly ConsentRule[]): readonly ConsentRule[] =>
  consents.toSorted((a, b) => a.at - b.at || a.updated - b.updated || (a.id < b.id ? -1 : 1));

/** What a provision says. Nothing is both denied and permitted. */
export function sayOf(provision: Provision, circumstances: Circumstances, asked: Asked, data: AboutData): Say {
  if (!isConcerned(provision, circumstances, asked)) return SILENT;
  const says = provision.nested.map((each) => sayOf(each, circumstances, asked, data));
  const denied = or(says.map(({ denies }) => denies));
  const permitted = and([or(says.map(({ permits }) => permits)), not(denied)]);
  const covered = (extent: Extent) => coveredBy(provision, asked.type, data, extent);
  const rest = not(or([denied, permitted]));
  // What a token does not say may be so: a denial holds, a permission does not.
  const isSure =
    (provision.purposes === undefined || circumstances.purposes.length > 0) &&
    (provision.actors === undefined || provision.actors.some((actor) => circumstances.isActor(actor) === true));
  return {
    denies: simplify(and([covered('possibly'), or([denied, provision.decision === 'deny' ? rest : NOTHING])])),
    permits: !isSure ? NOTHING : simplify(and([covered('certainly'), or([permitted, provision.decision === 'permit' ? rest : NOTHING])])),
  };
}

function isConcerned({ period, actors, purposes, letters, types }: Provision, { isActor, ...about }: Circumstances, asked: Asked) {
  if (period && (about.now < period.from || about.now > period.until)) return false;
  if (actors?.every((actor) => isActor(actor) === false)) return false;
  if (letters && !letters.includes(asked.letter)) return false;
  if (types && !types.includes(asked.type)) return false;
  return !purposes || about.purposes.length === 0 || purposes.some((purpose) => about.purposes.includes(purpose));
}

/** The data that a provision is about, as far as entries tell. */
function coveredBy(provision: Provision, type: string, data: AboutData, extent: Extent): SearchExpression {
  const { codes, dataTime, data: named } = provision;
  return and([
    labelsOf(provision, type, data.labelled),
    ...(codes ? [data.coded(type, codes, extent)] : []),
    ...(dataTime ? [data.dated(type, dataTime, extent)] : []),
    ...(named ? [data.named(type, named, extent)] : []),
  ]);
}

function labelsOf({ decision, labels }: Provision, type: string, labelled: Labelled): SearchExpression {
  if (!labels) return EVERYTHING;
  return or(labels.map((label) => withinMark(label, decision, type, labelled)));
}

function withinMark(label: Label, decision: Decision | undefined, type: string, labelled: Labelled): SearchExpression {
  const level = CONFIDENTIALITY.indexOf(label.code);
  if (!isConfidentiality(label.system) || level < 0) return labelled(type, [label]);
  const levels = (codes: readonly string[]) => codes.map((code) => ({ system: label.system, code }));
  if (decision === 'deny') return labelled(type, levels(CONFIDENTIALITY.slice(level)));
  const above = CONFIDENTIALITY.slice(level + 1);
  return above.length === 0 ? EVERYTHING : not(labelled(type, levels(above)));
}

/** True if the provision denies somebody in these circumstances anything at all. */
export function mayDeny({ decision, period, actors, nested }: Provision, { isActor, now }: Circumstances): boolean {
  if ((period && (now < period.from || now > period.until)) || actors?.every((actor) => isActor(actor) === false)) return false;
  return decision === 'deny' || nested.some((each) => mayDeny(each, { isActor, now, purposes: [] }));
}

/** The next instant at which a period of the provisions begins or ends; infinite if none does. */
export function nextChange({ period, nested }: Provision, now: number): number {
  const own = period ? [period.from, period.until + 1].filter((at) => at > now) : [];
  return Math.min(...own, ...nested.map((each) => nextChange(each, now)), Number.POSITIVE_INFINITY);
}
