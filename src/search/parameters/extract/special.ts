/** Entries of `Location.near`: latitude and longitude as two ranges. @see https://hl7.org/fhir/R4/location.html#positional */
import type { PositionKeys } from '../../expression/expression.ts';
import type { Extract, ExtractTarget } from './extract.ts';

/** Keys of the two ranges of a position, in degrees. */
export const positionKeys = (key: string): PositionKeys => ({ latitude: `${key}|latitude`, longitude: `${key}|longitude` });

export function positionExtractor(target: ExtractTarget): Extract {
  const keys = positionKeys(target.key);
  return (value, sink) => {
    const { latitude, longitude } = value as { latitude?: unknown; longitude?: unknown };
    if (typeof latitude !== 'number' || typeof longitude !== 'number') return;
    sink.r.push({ k: keys.latitude, lo: latitude, hi: latitude }, { k: keys.longitude, lo: longitude, hi: longitude });
  };
}
