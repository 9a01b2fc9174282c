-- Every resource that ever was: keeps Type/id unique over all partitions and says in which one it lies.
CREATE TABLE resource_head (
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  rk text COLLATE "C" NOT NULL,
  business_at timestamptz NOT NULL,
  version integer NOT NULL,
  at bigint NOT NULL,
  deleted boolean NOT NULL,
  PRIMARY KEY (type, id)
);
--> statement-breakpoint
CREATE INDEX resource_head_at ON resource_head (type, at);
--> statement-breakpoint
-- Versions that are no longer current, and deletions. Texts are kept uncompressed: pglz costs more than the disk.
CREATE TABLE resource_history (
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version integer NOT NULL,
  rk text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  replaced_at bigint,
  deleted boolean NOT NULL,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  PRIMARY KEY (type, id, version)
);
--> statement-breakpoint
CREATE INDEX resource_history_at ON resource_history (type, at);
--> statement-breakpoint
CREATE TABLE idempotency (
  key text COLLATE "C" PRIMARY KEY,
  body_hash text NOT NULL,
  answer text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
--> statement-breakpoint
CREATE INDEX idempotency_at ON idempotency (at);
--> statement-breakpoint
CREATE TABLE account (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  served_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, served_at)
) PARTITION BY RANGE (served_at);
--> statement-breakpoint
CREATE INDEX account_ends_at ON account (ends_at);
--> statement-breakpoint
CREATE INDEX account_s ON account USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE account_default PARTITION OF account DEFAULT;
--> statement-breakpoint
CREATE TABLE appointment (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  starts_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, starts_at)
) PARTITION BY RANGE (starts_at);
--> statement-breakpoint
CREATE INDEX appointment_ends_at ON appointment (ends_at);
--> statement-breakpoint
CREATE INDEX appointment_s ON appointment USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE appointment_default PARTITION OF appointment DEFAULT;
--> statement-breakpoint
CREATE TABLE chargeitem (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, occurred_at)
) PARTITION BY RANGE (occurred_at);
--> statement-breakpoint
CREATE INDEX chargeitem_ends_at ON chargeitem (ends_at);
--> statement-breakpoint
CREATE INDEX chargeitem_s ON chargeitem USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE chargeitem_default PARTITION OF chargeitem DEFAULT;
--> statement-breakpoint
CREATE TABLE claim (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  billed_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, billed_at)
) PARTITION BY RANGE (billed_at);
--> statement-breakpoint
CREATE INDEX claim_ends_at ON claim (ends_at);
--> statement-breakpoint
CREATE INDEX claim_s ON claim USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE claim_default PARTITION OF claim DEFAULT;
--> statement-breakpoint
CREATE TABLE claimresponse (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, created_at)
) PARTITION BY RANGE (created_at);
--> statement-breakpoint
CREATE INDEX claimresponse_ends_at ON claimresponse (ends_at);
--> statement-breakpoint
CREATE INDEX claimresponse_s ON claimresponse USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE claimresponse_default PARTITION OF claimresponse DEFAULT;
--> statement-breakpoint
CREATE TABLE coverage (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  covered_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, covered_at)
) PARTITION BY RANGE (covered_at);
--> statement-breakpoint
CREATE INDEX coverage_ends_at ON coverage (ends_at);
--> statement-breakpoint
CREATE INDEX coverage_s ON coverage USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE coverage_default PARTITION OF coverage DEFAULT;
--> statement-breakpoint
CREATE TABLE encounter (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  admitted_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, admitted_at)
) PARTITION BY RANGE (admitted_at);
--> statement-breakpoint
CREATE INDEX encounter_ends_at ON encounter (ends_at);
--> statement-breakpoint
CREATE INDEX encounter_s ON encounter USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE encounter_default PARTITION OF encounter DEFAULT;
--> statement-breakpoint
CREATE TABLE explanationofbenefit (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, created_at)
) PARTITION BY RANGE (created_at);
--> statement-breakpoint
CREATE INDEX explanationofbenefit_ends_at ON explanationofbenefit (ends_at);
--> statement-breakpoint
CREATE INDEX explanationofbenefit_s ON explanationofbenefit USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE explanationofbenefit_default PARTITION OF explanationofbenefit DEFAULT;
--> statement-breakpoint
CREATE TABLE invoice (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  invoiced_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, invoiced_at)
) PARTITION BY RANGE (invoiced_at);
--> statement-breakpoint
CREATE INDEX invoice_ends_at ON invoice (ends_at);
--> statement-breakpoint
CREATE INDEX invoice_s ON invoice USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE invoice_default PARTITION OF invoice DEFAULT;
--> statement-breakpoint
CREATE TABLE paymentnotice (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, created_at)
) PARTITION BY RANGE (created_at);
--> statement-breakpoint
CREATE INDEX paymentnotice_ends_at ON paymentnotice (ends_at);
--> statement-breakpoint
CREATE INDEX paymentnotice_s ON paymentnotice USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE paymentnotice_default PARTITION OF paymentnotice DEFAULT;
--> statement-breakpoint
CREATE TABLE paymentreconciliation (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, created_at)
) PARTITION BY RANGE (created_at);
--> statement-breakpoint
CREATE INDEX paymentreconciliation_ends_at ON paymentreconciliation (ends_at);
--> statement-breakpoint
CREATE INDEX paymentreconciliation_s ON paymentreconciliation USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE paymentreconciliation_default PARTITION OF paymentreconciliation DEFAULT;
--> statement-breakpoint
CREATE TABLE schedule (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  starts_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, starts_at)
) PARTITION BY RANGE (starts_at);
--> statement-breakpoint
CREATE INDEX schedule_ends_at ON schedule (ends_at);
--> statement-breakpoint
CREATE INDEX schedule_s ON schedule USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE schedule_default PARTITION OF schedule DEFAULT;
--> statement-breakpoint
CREATE TABLE slot (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  starts_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, starts_at)
) PARTITION BY RANGE (starts_at);
--> statement-breakpoint
CREATE INDEX slot_ends_at ON slot (ends_at);
--> statement-breakpoint
CREATE INDEX slot_s ON slot USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE slot_default PARTITION OF slot DEFAULT;
--> statement-breakpoint
CREATE TABLE auditevent (
  rk text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT '-infinity',
  ends_at timestamptz NOT NULL DEFAULT '-infinity',
  version integer NOT NULL,
  at bigint NOT NULL,
  patient text,
  raw text STORAGE EXTERNAL NOT NULL,
  by_client text NOT NULL,
  by_subject text NOT NULL,
  by_request text NOT NULL,
  method text NOT NULL,
  s tsvector STORAGE EXTERNAL NOT NULL,
  r jsonb,
  o jsonb,
  PRIMARY KEY (rk, id, recorded_at)
) PARTITION BY RANGE (recorded_at);
--> statement-breakpoint
CREATE INDEX auditevent_ends_at ON auditevent (ends_at);
--> statement-breakpoint
CREATE INDEX auditevent_s ON auditevent USING gin (s) WITH (gin_pending_list_limit = 64);
--> statement-breakpoint
CREATE TABLE auditevent_default PARTITION OF auditevent DEFAULT;
