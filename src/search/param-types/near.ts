/** `Location.near`: `[latitude]|[longitude]|[distance]|[units]`. @see https://hl7.org/fhir/R4/location.html#positional */
import { invalidValue } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { and, or } from '../expression/expression.ts';
import { EARTH_RADIUS_KM, type Position } from '../expression/haversine.ts';
import { parameterKey } from '../parameters/entry-text.ts';
import { positionKeys } from '../parameters/extract/special.ts';
import { splitValue, unescapeValue } from '../request/values.ts';
import type { CriterionValue } from './criterion.ts';
import { bound } from './prefix.ts';

/** R4: "if the distance is omitted, then the server can use its own discretion". */
const DEFAULT_KM = 10;

/** Kilometres in a unit: UCUM's codes, and `mi`. */
const KILOMETRES: Readonly<Record<string, number>> = {
  km: 1,
  m: 0.001,
  '[mi_i]': 1.609344,
  mi: 1.609344,
  '[nmi_i]': 1.852,
  '[ft_i]': 0.0003048,
};

const NUMBER = /^[+-]?\d{1,20}(?:\.\d{1,20})?$/;

function numberIn(text: string, least: number, most: number): number | undefined {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}

interface Circle extends Position {
  readonly kilometres: number;
}

/** @throws FhirError 400 that tells the form */
function circleOf({ raw, name }: CriterionValue): Circle {
  const [latitudeText = '', longitudeText = '', distance = '', unit = '', ...more] = splitValue(raw, '|').map(unescapeValue);
  const latitude = numberIn(latitudeText, -90, 90);
  const longitude = numberIn(longitudeText, -180, 180);
  const scale = KILOMETRES[unit === '' ? 'km' : unit];
  const length = distance === '' ? DEFAULT_KM : numberIn(distance, 0, 1e12);
  if (scale === undefined)
    throw invalidValue(`${name}: the unit "${unit}" is not known; allowed: ${Object.keys(KILOMETRES).join(', ')}`, name);
  if (latitude === undefined || longitude === undefined || length === undefined || more.length > 0)
    throw invalidValue(`${name}: "${raw}" is not [latitude]|[longitude]|[distance]|[units], in degrees, south and west negative`, name);
  return { latitude, longitude, kilometres: distance === '' ? DEFAULT_KM : length * scale };
}

const between = (key: string, least: number, most: number): SearchExpression => ({
  kind: 'range',
  key,
  conditions: [bound('lo', 'ge', least), bound('hi', 'le', most)],
});

const DEGREES = 180 / Math.PI;
/** Rounding must leave nothing out that the exact distance would let in. */
const SLACK = 1e-9;

/** West and east end of a circle that holds no pole. */
function meridians({ latitude, longitude, kilometres }: Circle): readonly [number, number] {
  const reach = Math.asin(Math.min(1, Math.sin(kilometres / EARTH_RADIUS_KM) / Math.cos(latitude / DEGREES))) * DEGREES + SLACK;
  return [longitude - reach, longitude + reach];
}

/** The least rectangle around the circle, as ranges that an index knows: two of longitude where it crosses 180 degrees. */
function rectangle(circle: Circle, keys: ReturnType<typeof positionKeys>): SearchExpression {
  const reach = (circle.kilometres / EARTH_RADIUS_KM) * DEGREES + SLACK;
  const [south, north] = [circle.latitude - reach, circle.latitude + reach];
  const rows = between(keys.latitude, Math.max(south, -90), Math.min(north, 90));
  if (south <= -90 || north >= 90) return and([rows, between(keys.longitude, -180, 180)]);
  const [west, east] = meridians(circle);
  const parts = [
    between(keys.longitude, Math.max(west, -180), Math.min(east, 180)),
    ...(west < -180 ? [between(keys.longitude, west + 360, 180)] : []),
    ...(east > 180 ? [between(keys.longitude, -180, east - 360)] : []),
  ];
  return and([rows, or(parts)]);
}

/** Within the rectangle, which stores look up, and then within the exact distance. @throws FhirError 400 */
export function nearExpression(value: CriterionValue): SearchExpression {
  const circle = circleOf(value);
  const { parameter } = value;
  const found = parameter.storedAs.map((home) => {
    const keys = positionKeys(parameterKey(parameter.on, home.code));
    return and([rectangle(circle, keys), { kind: 'near', keys, ...circle }]);
  });
  return or(found);
}
