#!/bin/bash
# Runs once, when the primary's data folder is made: the gateway's role and database, and the replica's role.
set -euo pipefail
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
  --set gateway_password="$MERIDIAN_PASSWORD" --set replication_password="$REPLICATION_PASSWORD" <<'SQL'
CREATE ROLE meridian LOGIN PASSWORD :'gateway_password';
GRANT pg_monitor TO meridian;
CREATE DATABASE meridian OWNER meridian;
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'replication_password';
SQL
# The image's own rule "all" does not cover replication.
echo 'host replication replicator all scram-sha-256' >> "$PGDATA/pg_hba.conf"
