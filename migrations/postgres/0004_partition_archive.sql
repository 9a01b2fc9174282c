-- Years that are taken out of a table: detached, exported to a file, and at last dropped.
CREATE TABLE partition_archive (
  partition text COLLATE "C" PRIMARY KEY,
  type text COLLATE "C" NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  state text NOT NULL,
  detached_at timestamptz NOT NULL DEFAULT now(),
  columns text[],
  rows bigint,
  sha256 text,
  file text
);
--> statement-breakpoint
-- Stands before the empty partition that keeps the place of an archived one.
CREATE FUNCTION refuse_archived() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION '% is archived', TG_TABLE_NAME USING ERRCODE = 'MRA01';
END $body$;
