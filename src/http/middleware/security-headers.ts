/**
 * Headers of every answer. Content of a Binary is whatever someone uploaded: `sandbox` and `nosniff` keep a browser from
 * running it here. Records may be kept by the client that asked, but each use asks again.
 * @see https://owasp.org/www-project-secure-headers/
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'private, no-cache',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'Referrer-Policy': 'no-referrer',
  Vary: 'Accept, Accept-Encoding, Authorization, Origin',
  'X-Content-Type-Options': 'nosniff',
};

/** The same where clients come by HTTPS: browsers then never try without. */
export const SECURITY_HEADERS_OF_TLS: Readonly<Record<string, string>> = {
  ...SECURITY_HEADERS,
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
};
