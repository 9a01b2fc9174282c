/** What the global set-up hands to test files through Vitest's `inject`. */
declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the run's MongoDB, without a database. */
    mongodbUri: string;
    /** Connection string of the run's PostgreSQL, naming its maintenance database. */
    databaseUrl: string;
  }
}

export {};
