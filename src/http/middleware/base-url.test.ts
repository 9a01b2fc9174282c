import { expect, test } from 'vitest';
import { baseUrl } from './base-url.ts';

const trusting = { basePath: '/fhir/R4', trustForwarded: true };

test.each([
  [{ host: 'a.org:8080' }, 'http://a.org:8080/fhir/R4'],
  [{ host: '[::1]:8080' }, 'http://[::1]:8080/fhir/R4'],
  [{ host: 'a.org', 'x-forwarded-host': 'b.org', 'x-forwarded-proto': 'https' }, 'https://b.org/fhir/R4'],
  [{ host: 'a.org', 'x-forwarded-host': 'b.org, c.org' }, 'http://b.org/fhir/R4'],
  [{ host: 'a.org', forwarded: 'for=1.2.3.4;host="d.org:444";proto=https, for=5.6.7.8' }, 'https://d.org:444/fhir/R4'],
  [{ host: 'evil.org/"><script>' }, 'http://localhost/fhir/R4'],
  [{}, 'http://localhost/fhir/R4'],
])('%o gives %s', (headers, expected) => {
  expect(baseUrl(headers, trusting)).toBe(expected);
});

test('headers of a proxy count only where one is trusted', () => {
  expect(baseUrl({ host: 'a.org', 'x-forwarded-host': 'b.org' }, { ...trusting, trustForwarded: false })).toBe('http://a.org/fhir/R4');
});

test('a configured base wins over every header', () => {
  expect(baseUrl({ host: 'a.org', 'x-forwarded-host': 'b.org' }, { ...trusting, publicUrl: 'https://p.org/fhir' })).toBe(
    'https://p.org/fhir',
  );
});
