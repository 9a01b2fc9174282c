import { describe, expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

const answered = { interaction: 'read', type: 'Patient', status: 200, seconds: 0.004 };

describe('metrics (https://prometheus.io/docs/instrumenting/exposition_formats/)', () => {
  test('count answers and their time', async () => {
    const metrics = createMetrics([]);
    metrics.answered(answered);
    metrics.answered({ ...answered, seconds: 0.2 });
    metrics.answered({ ...answered, status: 404 });
    const text = await metrics.text();
    expect(text).toContain('meridian_requests_total{interaction="read",type="Patient",status="200"} 2\n');
    expect(text).toContain('meridian_requests_total{interaction="read",type="Patient",status="404"} 1\n');
    expect(text).toContain('meridian_request_seconds_bucket{le="0.005",interaction="read"} 2\n');
    expect(text).toContain('meridian_request_seconds_count{interaction="read"} 3\n');
  });

  test('read sources afresh each time, and forget labels that are gone', async () => {
    let lag: Record<string, number> = { a: 1, b: 2 };
    const read = () => Object.entries(lag).map(([member, value]) => ({ value, labels: { member } }));
    const metrics = createMetrics([{ name: 'lag', help: 'Lag.', kind: 'gauge', labels: ['member'], read }]);
    expect(await metrics.text()).toContain('lag{member="a"} 1\nlag{member="b"} 2\n');
    lag = { b: 5 };
    const text = await metrics.text();
    expect(text).toContain('lag{member="b"} 5\n');
    expect(text).not.toContain('lag{member="a"}');
  });

  test('tell of the process and its event loop', async () => {
    const text = await createMetrics([]).text();
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes', 'process_cpu_seconds_total'])
      expect(text).toContain(`\n${name} `);
  });
});
