-- Audit events are the gateways' own: a line of text each, sealed in the chain of the gateway that wrote it (decision 010).
DROP TABLE auditevent;
--> statement-breakpoint
DROP FUNCTION IF EXISTS read_auditevent;
--> statement-breakpoint
DROP FUNCTION IF EXISTS archive_auditevent;
--> statement-breakpoint
-- The head of each gateway's chain, and how much of the gateway's queue it holds.
CREATE TABLE audit_chain (
  number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  opened_at bigint NOT NULL,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  file bigint NOT NULL,
  position bigint NOT NULL,
  beat_at bigint,
  is_closed boolean NOT NULL DEFAULT false
);
--> statement-breakpoint
-- Signed heads, at least every hour and every 10,000 events.
CREATE TABLE audit_root (
  chain integer NOT NULL,
  seq bigint NOT NULL,
  at bigint NOT NULL,
  signed text NOT NULL,
  PRIMARY KEY (chain, seq)
);
--> statement-breakpoint
CREATE TABLE auditevent (
  recorded_at timestamptz NOT NULL,
  chain integer NOT NULL,
  seq bigint NOT NULL,
  record text COLLATE "C" NOT NULL,
  hash bytea NOT NULL,
  keys integer[] NOT NULL,
  PRIMARY KEY (recorded_at, chain, seq)
) PARTITION BY RANGE (recorded_at);
--> statement-breakpoint
CREATE INDEX auditevent_keys ON auditevent USING gin (keys);
--> statement-breakpoint
CREATE TABLE auditevent_default PARTITION OF auditevent DEFAULT;
