import { describe, expect, test } from 'vitest';
import { type ServedGateway, serveMemoryGateway } from '../../tests/support/memory-gateway.ts';

describe('what an operation is invoked with (https://hl7.org/fhir/R4/operations.html#executing)', () => {
  const SCOPE = 'system/*.cruds system/$expunge.d system/$de-identify.r system/$access-explain.r';

  async function serve(): Promise<ServedGateway & { ask(path: string, body?: unknown, method?: string): Promise<Response> }> {
    const gateway = await serveMemoryGateway();
    const ask = async (path: string, body?: unknown, method = 'POST') =>
      fetch(`${gateway.baseUrl}/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await gateway.token(SCOPE)}`,
          ...(body !== undefined && { 'content-type': 'application/fhir+json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    return { ...gateway, ask };
  }

  const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter });

  test('a dry run that is misspelt, or no truth value, erases nothing', async () => {
    const gateway = await serve();
    const { id } = (await (await gateway.ask('Patient', { resourceType: 'Patient' })).json()) as { id: string };
    const wrong: [string, unknown?][] = [
      ['?dryrun=true'],
      ['?dry-run='],
      ['?dry-run=true&dry-run=false'],
      ['?dry-run=true&nonsense=1'],
      ['', parameters({ name: 'dryRun', valueBoolean: true })],
      ['', parameters({ name: 'dry-run' })],
      ['', parameters({ name: 'dry-run', part: [{ name: 'x', valueBoolean: true }] })],
      ['', parameters({ name: 'dry-run', valueReference: { reference: 'x' } })],
      ['', parameters({ name: 'dry-run', valueBoolean: true, valueString: 'false' })],
      ['', parameters({ valueBoolean: true })],
      ['', { resourceType: 'Observation' }],
    ];
    for (const [query, body] of wrong) {
      const answer = await gateway.ask(`Patient/${id}/$expunge${query}`, body);
      expect(answer.status, `${query} ${JSON.stringify(body)}`).toBe(400);
      expect(((await answer.json()) as { issue: { expression?: string[] }[] }).issue[0]?.expression).toHaveLength(1);
    }
    expect((await gateway.ask(`Patient/${id}`, undefined, 'GET')).status).toBe(200);
    await gateway.close();
  });

  test.each(['$validate?nonsense=1', '$validate?mode=', '$everything?nonsense=1', '$de-identify?sett=a', '$access-explain?tokn=a'])(
    '%s is 400 and names the parameter',
    async (operation) => {
      const gateway = await serve();
      const { id } = (await (await gateway.ask('Patient', { resourceType: 'Patient' })).json()) as { id: string };
      const answer = await gateway.ask(`Patient/${id}/${operation}`, undefined, 'GET');
      const name = /\?(\w+)=/.exec(operation)?.[1];
      expect([answer.status, await answer.json()]).toEqual([
        400,
        expect.objectContaining({ issue: [expect.objectContaining({ expression: [name] })] }),
      ]);
      await gateway.close();
    },
  );
});
