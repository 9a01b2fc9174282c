import { totalmem } from 'node:os';

const MB = 1024 * 1024;
/** A sixteenth of the memory, for several servers share the machine; taken as it fills. */
const cacheMb = Math.round(Math.min(Math.max(totalmem() / 16 / MB, 128), 1024));

/** How the embedded server differs from PostgreSQL's defaults: durable as ever, small, and quiet about content. */
export const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  max_prepared_transactions: '64',
  // A statement over a partitioned table locks every partition and its indexes that it can't rule out.
  max_locks_per_transaction: '256',
  shared_buffers: `${cacheMb}MB`,
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  fsync: 'on',
  synchronous_commit: 'on',
  wal_buffers: '8MB',
  min_wal_size: '128MB',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  // Searches read what GIN indexes have not merged in yet; autovacuum merges it.
  autovacuum_naptime: '15s',
  jit: 'off',
  // Reads come from the page cache: asynchronous I/O workers would only add context switches.
  io_method: 'sync',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // DETAIL lines and logged parameters would put record content into the log.
  log_error_verbosity: 'terse',
  log_parameter_max_length_on_error: '0',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};
