/** The pages that a person sees on the way to an app: log in, choose a patient, consent, errors, log off. */
import type { Html } from './html.ts';
import { html } from './html.ts';
import { alert, page } from './layout.ts';

interface LoginPage {
  readonly clientName: string;
  readonly login?: string;
  /** The password was right, a code is asked for. */
  readonly needsCode: boolean;
  readonly problem?: string;
}

export function loginPage({ clientName, login = '', needsCode, problem }: LoginPage): string {
  return page(
    'Log in',
    html`<p><strong>${clientName}</strong> asks for access to health records. Log in to decide.</p>
${alert(problem)}
<form method="post" autocomplete="on">
<label for="login">User name</label>
<input id="login" name="login" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" required value="${login}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<label for="code">Code of your authenticator app ${needsCode ? '' : html`<span class="detail">(if you have one)</span>`}</label>
<input id="code" name="code" type="text" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]{6,7}"${needsCode ? html` required` : ''}>
<div class="row"><button name="action" value="login">Log in</button><button class="quiet" name="action" value="cancel" formnovalidate>Cancel</button></div>
</form>`,
  );
}

export interface PatientChoice {
  readonly id: string;
  readonly name: string;
  readonly birthDate?: string;
  readonly gender?: string;
}

interface PatientPage {
  readonly clientName: string;
  readonly query: string;
  readonly found: readonly PatientChoice[];
  readonly hasMore: boolean;
  readonly problem?: string;
}

export function patientPage({ clientName, query, found, hasMore, problem }: PatientPage): string {
  return page(
    'Choose a patient',
    html`<p>Whose record is <strong>${clientName}</strong> to work with?</p>
${alert(problem)}
<form method="get" role="search">
<label for="q">Name or record number</label>
<div class="row"><input id="q" name="q" type="search" value="${query}"><button class="quiet">Search</button></div>
</form>
<form method="post">
<ul class="choices">${found.map(patientChoice)}</ul>
${found.length === 0 && html`<p class="detail">No patient found.</p>`}
${hasMore && html`<p class="detail">There are more: type more of the name.</p>`}
<button class="quiet" name="action" value="cancel">Cancel</button>
</form>`,
  );
}

function patientChoice({ id, name, birthDate, gender }: PatientChoice): Html {
  const detail = [birthDate && `born ${birthDate}`, gender].filter(Boolean).join(', ');
  return html`<li><button name="patient" value="${id}">${name} <span class="detail">${detail}</span></button></li>`;
}

interface ConsentPage {
  readonly clientName: string;
  readonly userName: string;
  /** Who the record is of, if one is in context. */
  readonly patientName?: string;
  readonly scopes: readonly { readonly scope: string; readonly words: string; readonly isWriting: boolean }[];
  /** Asked for, but not to be had by this person. */
  readonly withheld: readonly string[];
  readonly problem?: string;
}

export function consentPage({ clientName, userName, patientName, scopes, withheld, problem }: ConsentPage): string {
  return page(
    `Allow ${clientName}?`,
    html`<p>You are logged in as <strong>${userName}</strong>.${patientName !== undefined && html` The record is that of <strong>${patientName}</strong>.`}</p>
${alert(problem)}
<form method="post">
<h2 id="what">It asks to</h2>
<ul class="choices" aria-labelledby="what">${scopes.map(
      ({ scope, words, isWriting }) =>
        html`<li><label><input type="checkbox" name="scope" value="${scope}" checked><span>${words}${isWriting && html` <span class="writes">(changes records)</span>`}<br><code class="detail">${scope}</code></span></label></li>`,
    )}</ul>
<p class="detail">Take away what you do not want to allow.</p>
${withheld.length > 0 && html`<p class="detail">Not yours to allow: ${withheld.join(', ')}</p>`}
<div class="row"><button name="action" value="allow">Allow</button><button class="quiet" name="action" value="cancel">Refuse</button></div>
</form>`,
  );
}

export function errorPage(error: string, description: string | undefined): string {
  return page(
    'That did not work',
    html`${alert(description ?? error)}<p>Go back to the app and start again.</p><p class="detail"><code>${error}</code></p>`,
  );
}

/** `form` is oidc-provider's own: a hidden token against forged requests. */
export function logoutPage(form: Html): string {
  return page(
    'Log off?',
    html`${form}<div class="row"><button form="op.logoutForm" name="logout" value="yes">Log off</button><button class="quiet" form="op.logoutForm">Stay</button></div>`,
  );
}

export const loggedOutPage = (): string =>
  page('You are logged off', html`<p>Apps that were to keep access only while you are logged in have lost it.</p>`);
