import { describe, expect, test } from 'vitest';
import { createAdmission, type Urgency } from './admission.ts';

const fill = (admission: ReturnType<typeof createAdmission>, urgency: Urgency) => {
  let entered = 0;
  for (; entered < 1000; entered++) {
    try {
      admission.enter(urgency);
    } catch (error) {
      expect(error).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } });
      break;
    }
  }
  return entered;
};

describe('requests at once', () => {
  test('searches are refused first, then writes, then reads, administration last', () => {
    const admission = createAdmission({ maxRequests: 100, maxBytes: 1 });
    expect(fill(admission, 'search')).toBe(50);
    expect(fill(admission, 'write')).toBe(25);
    expect(fill(admission, 'read')).toBe(15);
    expect(fill(admission, 'administration')).toBe(10);
    expect(admission.counts.refused).toEqual({ search: 1, write: 1, read: 1, administration: 1, bytes: 0 });
  });

  test('a place that is left is free again, once however often it is left', () => {
    const admission = createAdmission({ maxRequests: 2, maxBytes: 1 });
    const place = admission.enter('administration');
    admission.enter('administration');
    place.leave();
    place.leave();
    expect(fill(admission, 'administration')).toBe(1);
  });

  test('there is always one place of each urgency', () => {
    expect(fill(createAdmission({ maxRequests: 1, maxBytes: 1 }), 'search')).toBe(1);
  });
});

test('bytes of bodies are bounded over all requests and given back', () => {
  const admission = createAdmission({ maxRequests: 10, maxBytes: 1000 });
  const [first, second] = [admission.enter('write'), admission.enter('write')];
  first.take(600);
  expect(() => second.take(600)).toThrow(expect.objectContaining({ status: 503 }));
  first.leave();
  second.take(600);
  expect(admission.counts).toMatchObject({ requests: 1, bytes: 600, refused: { bytes: 1 } });
});
