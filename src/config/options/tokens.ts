/** Whose access tokens are believed, and the embedded authorization server. */
import type { Option } from './option.ts';

export const TOKENS = {
  issuer: {
    kind: 'text',
    env: 'ISSUER',
    flag: 'issuer',
    defaultText: 'the origin of the base URL',
    description: 'The `iss` that access tokens must carry.',
  },
  audience: {
    kind: 'text',
    env: 'AUDIENCE',
    flag: 'audience',
    defaultText: 'the base URL',
    description: 'The `aud` that access tokens must carry.',
  },
  jwksUrl: {
    kind: 'url',
    env: 'JWKS_URL',
    flag: 'jwks-url',
    defaultText: 'a local key, made at first start',
    description: 'Where the keys are that access tokens are signed with.',
  },
  introspectionUrl: {
    kind: 'url',
    env: 'INTROSPECTION_URL',
    flag: 'introspection-url',
    defaultText: 'opaque tokens are refused',
    description: 'Where to ask about tokens that are no JWT (RFC 7662); an answer is believed for 10 seconds.',
  },
  introspectionClientId: {
    kind: 'text',
    env: 'INTROSPECTION_CLIENT_ID',
    flag: 'introspection-client-id',
    defaultText: 'none',
    description: 'The client that the gateway is when it asks about tokens.',
  },
  introspectionClientSecret: {
    kind: 'text',
    env: 'INTROSPECTION_CLIENT_SECRET',
    flag: 'introspection-client-secret',
    defaultText: 'none',
    secret: true,
    description: "That client's secret.",
  },
  authorizationServer: {
    kind: 'choice',
    env: 'AUTHORIZATION_SERVER',
    flag: 'authorization-server',
    choices: ['auto', 'on', 'off'],
    default: 'auto',
    description:
      'The embedded SMART authorization server. `auto`: on with the embedded engines, off with `connect` or `jwks-url`. `on` with `jwks-url`: beside the identity provider, for when that is away.',
  },
  privateKeyOrigins: {
    kind: 'urls',
    env: 'PRIVATE_KEY_ORIGINS',
    flag: 'private-key-origins',
    default: [],
    description:
      "Origins on private or loopback addresses from which the authorization server may read clients' key sets, separated by commas; all others there are refused.",
  },
} as const satisfies Record<string, Option>;
