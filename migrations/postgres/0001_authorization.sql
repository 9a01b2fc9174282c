CREATE TABLE authorization_record (
  model text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  grant_id text COLLATE "C",
  uid text COLLATE "C",
  payload jsonb NOT NULL,
  consumed_at timestamptz,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (model, id)
);
--> statement-breakpoint
CREATE INDEX authorization_record_grant_id ON authorization_record (grant_id) WHERE grant_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX authorization_record_uid ON authorization_record (model, uid) WHERE uid IS NOT NULL;
--> statement-breakpoint
CREATE INDEX authorization_record_expires_at ON authorization_record (expires_at);
--> statement-breakpoint
CREATE TABLE login_account (
  id text COLLATE "C" PRIMARY KEY,
  login text COLLATE "C" NOT NULL UNIQUE,
  display_name text NOT NULL,
  role text NOT NULL,
  fhir_user text,
  password_hash text NOT NULL,
  totp_secret text,
  totp_last_step bigint NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  locked_until timestamptz,
  disabled boolean NOT NULL DEFAULT false,
  demo boolean NOT NULL DEFAULT false
);
--> statement-breakpoint
CREATE TABLE oauth_client (
  id text COLLATE "C" PRIMARY KEY,
  metadata jsonb NOT NULL,
  demo boolean NOT NULL DEFAULT false
);
