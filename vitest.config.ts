/**
 * The suffix of a test file says what must be running for it:
 *
 * | project    | files                                                   | engines started once per run        |
 * | ---------- | ------------------------------------------------------- | ----------------------------------- |
 * | `unit`     | `*.test.ts`                                             | none                                |
 * | `mongo`    | `*.mongo.test.ts`                                       | MongoDB cluster                     |
 * | `postgres` | `*.pg.test.ts`                                          | PostgreSQL                          |
 * | `engines`  | `*.cluster.test.ts`, `conformance/**`                   | MongoDB cluster and PostgreSQL      |
 * | `process`  | `*.process.test.ts`                                     | none: it starts the product itself  |
 *
 * A run that selects no file of a project starts none of its engines; two projects share one set. See tests/support/README.md.
 */
import { configDefaults, defineConfig } from 'vitest/config';

const rooms = '{src,tests,conformance,scripts,bench}/**';
const needMongo = [`${rooms}/*.mongo.test.ts`];
const needPostgres = [`${rooms}/*.pg.test.ts`];
const needBoth = [`${rooms}/*.cluster.test.ts`, 'conformance/**/*.test.ts'];
const startTheProduct = [`${rooms}/*.process.test.ts`];
const engineTimeouts = { testTimeout: 30_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    maxWorkers: 2,
    exclude: [...configDefaults.exclude, 'src/dashboard/**'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [`${rooms}/*.test.ts`],
          exclude: [...configDefaults.exclude, ...needMongo, ...needPostgres, ...needBoth, ...startTheProduct],
        },
      },
      {
        extends: true,
        test: { name: 'mongo', include: needMongo, globalSetup: ['tests/support/setup-mongo.ts'], ...engineTimeouts },
      },
      {
        extends: true,
        test: { name: 'postgres', include: needPostgres, globalSetup: ['tests/support/setup-postgres.ts'], ...engineTimeouts },
      },
      {
        extends: true,
        test: {
          name: 'engines',
          include: needBoth,
          globalSetup: ['tests/support/setup-mongo.ts', 'tests/support/setup-postgres.ts'],
          ...engineTimeouts,
        },
      },
      {
        extends: true,
        test: { name: 'process', include: startTheProduct, testTimeout: 120_000, hookTimeout: 60_000 },
      },
    ],
  },
});
