/**
 * Where the authorization server answers, and what it says of itself. Known without loading it, which takes half a second.
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html
 */

import { IDENTITY_SCOPES } from '../access/scopes.ts';

/** Paths below the origin of the base URL. */
export const PATHS = {
  authorization: '/oauth/authorize',
  token: '/oauth/token',
  jwks: '/oauth/jwks',
  introspection: '/oauth/introspect',
  revocation: '/oauth/revoke',
  end_session: '/oauth/logout',
} as const;

/** Below it the pages where people log in, choose a patient and consent. */
export const INTERACTION_PATH = '/oauth/interaction/';
export const STYLE_PATH = '/oauth/style.css';
export const SMART_STYLE_PATH = '/oauth/smart-style.json';

/** Every address of the authorization server. */
export const AUTHORIZATION_ROUTES = ['/oauth/*', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'] as const;

/** @see https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#authentication-using-asymmetric-client-credentials */
export const CLIENT_ASSERTION_ALGORITHMS = ['RS384', 'ES384'] as const;

export interface AuthorizationEndpoints {
  readonly issuer: string;
  readonly authorization: string;
  readonly token: string;
  readonly jwks: string;
  readonly introspection: string;
  readonly revocation: string;
  readonly smartStyle: string;
}

/** Absolute addresses. `origin` is that of the FHIR base URL. */
export function endpointsAt(origin: string, issuer: string): AuthorizationEndpoints {
  return {
    issuer,
    authorization: origin + PATHS.authorization,
    token: origin + PATHS.token,
    jwks: origin + PATHS.jwks,
    introspection: origin + PATHS.introspection,
    revocation: origin + PATHS.revocation,
    smartStyle: origin + SMART_STYLE_PATH,
  };
}

const CAPABILITIES = [
  'launch-ehr',
  'launch-standalone',
  'authorize-post',
  'client-public',
  'client-confidential-symmetric',
  'client-confidential-asymmetric',
  'sso-openid-connect',
  'context-banner',
  'context-style',
  'context-ehr-patient',
  'context-ehr-encounter',
  'context-standalone-patient',
  'permission-offline',
  'permission-online',
  'permission-patient',
  'permission-user',
  'permission-v1',
  'permission-v2',
];

const SCOPES = [...IDENTITY_SCOPES, 'patient/*.cruds', 'user/*.cruds', 'system/*.cruds', 'patient/*.read', 'user/*.read', 'system/*.read'];

/** The document at `.well-known/smart-configuration`. */
export function smartConfiguration(endpoints: AuthorizationEndpoints): object {
  return {
    issuer: endpoints.issuer,
    jwks_uri: endpoints.jwks,
    authorization_endpoint: endpoints.authorization,
    token_endpoint: endpoints.token,
    introspection_endpoint: endpoints.introspection,
    revocation_endpoint: endpoints.revocation,
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    response_types_supported: ['code'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: CLIENT_ASSERTION_ALGORITHMS,
    code_challenge_methods_supported: ['S256'],
    scopes_supported: SCOPES,
    capabilities: CAPABILITIES,
  };
}

/** The look that apps may take over. @see https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#smart_style_url */
export const SMART_STYLE = {
  color_background: '#f6f7f9',
  color_error: '#a4161a',
  color_highlight: '#0b5c8a',
  color_modal_backdrop: '',
  color_success: '#1b6e3c',
  color_text: '#1c2733',
  dim_border_radius: '6px',
  dim_font_size: '16px',
  dim_spacing_size: '16px',
  font_family_body: 'system-ui, sans-serif',
  font_family_heading: 'system-ui, sans-serif',
};
