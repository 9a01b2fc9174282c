/** Keys of unindexed ranges as numbers: a blood pressure has sixteen of some ninety characters, more than its own text. */

/**
 * 53 bits of a text, equal for equal texts: cyrb53, two lanes of 32-bit multiplication. Two keys in one document are told apart
 * but for one pair in 10^15; what a search finds by them it has found by another condition before.
 */
export function shortKey(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return 0x100000000 * (0x1fffff & low) + (high >>> 0);
}
