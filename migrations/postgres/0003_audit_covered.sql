-- Up to when every write that a chain's gateway made has its event; what comes after a gateway that ended otherwise looks for writes since then.
ALTER TABLE audit_chain ADD COLUMN covered_at bigint NOT NULL DEFAULT 0;
--> statement-breakpoint
UPDATE audit_chain SET covered_at = coalesce(beat_at, opened_at);
