#!/bin/bash
# Starts the streaming replica; an empty data folder is first filled from the primary, through a slot of its own.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  find "$PGDATA" -mindepth 1 -delete
  chown -R postgres:postgres "$PGDATA"
  chmod 700 "$PGDATA"
  create_slot=()
  slots=$(PGPASSWORD="$REPLICATION_PASSWORD" psql -h postgres-primary -U replicator -d postgres -At \
    -c "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'replica'")
  [ "$slots" = 0 ] && create_slot=(--create-slot)
  # -R writes standby.signal and the connection, password and all, into the data folder.
  PGPASSWORD="$REPLICATION_PASSWORD" gosu postgres pg_basebackup -h postgres-primary -U replicator -D "$PGDATA" \
    --wal-method=stream --slot=replica "${create_slot[@]}" --write-recovery-conf --checkpoint=fast
fi
exec docker-entrypoint.sh "$@"
