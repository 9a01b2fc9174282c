/** Distances on the earth, taken as a sphere: off by half a percent at most. @see https://en.wikipedia.org/wiki/Haversine_formula */

/** Mean radius, kilometres. */
export const EARTH_RADIUS_KM = 6371.0088;

const RADIANS = Math.PI / 180;

/** Degrees both. */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

/** The haversine of the angle between two positions, 0 to 1: grows with the distance, and every engine can reckon it. */
export function haversine(a: Position, b: Position): number {
  const [across, along] = [Math.sin(((b.latitude - a.latitude) * RADIANS) / 2), Math.sin(((b.longitude - a.longitude) * RADIANS) / 2)];
  return across * across + Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS) * along * along;
}

/** The haversine of that distance; of more than half the earth's girth, of that. */
export function haversineOf(kilometres: number): number {
  const half = Math.sin(Math.min(kilometres / EARTH_RADIUS_KM, Math.PI) / 2);
  return half * half;
}
