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
/**
 * Later groups wait for earlier ones: what is quick fails first, and whole products do not compete with each other for two
 * cores. Tests with engines get a second try: on a shared machine another process may take a port between two starts.
 */
const withEngines = { testTimeout: 30_000, hookTimeout: 60_000, retry: 1, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [`${rooms}/*.test.ts`],
          exclude: [...configDefaults.exclude, ...needMongo, ...needPostgres, ...needBoth, ...startTheProduct],
          // Generous: property tests compete with others' work on a shared machine.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'mongo', include: needMongo, globalSetup: ['tests/support/setup-mongo.ts'], ...withEngines },
      },
      {
        extends: true,
        test: { name: 'postgres', include: needPostgres, globalSetup: ['tests/support/setup-postgres.ts'], ...withEngines },
      },
      {
        extends: true,
        test: {
          name: 'engines',
          include: needBoth,
          globalSetup: ['tests/support/setup-mongo.ts', 'tests/support/setup-postgres.ts'],
          ...withEngines,
        },
      },
      {
        extends: true,
        test: {
          name: 'process',
          include: startTheProduct,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          retry: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
