/** A SMART app as a vendor would write it, on fhirclient: three pages on a port of its own. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const FHIRCLIENT = join(import.meta.dirname, '../../node_modules/fhirclient/build/fhir-client.js');

export interface ServedApp {
  readonly origin: string;
  close(): Promise<void>;
}

/** `/launch?iss=…&client=…&scope=…` begins; `/` ends with what the app saw as JSON in `#seen`. */
export async function serveApp(): Promise<ServedApp> {
  const assets: Readonly<Record<string, readonly [string, string]>> = {
    '/fhir-client.js': ['text/javascript', readFileSync(FHIRCLIENT, 'utf8')],
    '/launch': ['text/html', page(LAUNCH)],
    '/': ['text/html', page(READY)],
  };
  const server = createServer(({ url = '/' }, response) => {
    const [type, text] = assets[new URL(url, 'http://app').pathname] ?? ['text/plain', 'nothing here'];
    response.setHeader('Content-Type', `${type}; charset=utf-8`).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}

const page = (script: string) =>
  `<!doctype html><title>app</title><pre id="seen"></pre><script src="/fhir-client.js"></script><script>${script}</script>`;

const LAUNCH = `
  const asked = new URLSearchParams(location.search);
  FHIR.oauth2.authorize({
    clientId: asked.get('client'), scope: asked.get('scope'), iss: asked.get('iss'), launch: asked.get('launch') || undefined,
    redirectUri: '/', pkceMode: 'required',
  }).catch((error) => { document.querySelector('#seen').textContent = JSON.stringify({ error: String(error) }); });`;

const READY = `
  const show = (seen) => { document.querySelector('#seen').textContent = JSON.stringify(seen); };
  const ids = (bundle) => (bundle.entry || []).map(({ resource }) => resource.resourceType + '/' + resource.id).sort();
  const status = (client, url) => client.request(url).then(() => 200, (error) => error.statusCode || error.status || String(error));
  async function look(client) {
    return {
      patient: client.patient.id,
      name: (await client.patient.read()).name[0].family,
      user: client.user.fhirUser,
      patients: ids(await client.request('Patient')),
      observations: ids(await client.request('Observation')),
      byChain: ids(await client.request('Observation?subject:Patient.family=Brown')),
      included: ids(await client.request('Observation?_include=Observation:subject')),
      everything: ids(await client.request('Patient/' + client.patient.id + '/$everything')),
      other: await status(client, 'Patient/browser-p2'),
      refreshed: Boolean((await client.refresh()).tokenResponse.access_token),
      again: ids(await client.request('Patient')),
    };
  }
  FHIR.oauth2.ready().then(look).then(show, (error) => show({ error: String(error && error.stack || error) }));`;
