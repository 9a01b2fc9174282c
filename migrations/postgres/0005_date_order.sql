-- The order of a type by its own date, see search/date-order.ts; Coverage has no search parameter for it.
CREATE INDEX account_served_at ON account (served_at);
--> statement-breakpoint
CREATE INDEX appointment_starts_at ON appointment (starts_at);
--> statement-breakpoint
CREATE INDEX chargeitem_occurred_at ON chargeitem (occurred_at);
--> statement-breakpoint
CREATE INDEX claim_billed_at ON claim (billed_at);
--> statement-breakpoint
CREATE INDEX claimresponse_created_at ON claimresponse (created_at);
--> statement-breakpoint
CREATE INDEX encounter_admitted_at ON encounter (admitted_at);
--> statement-breakpoint
CREATE INDEX explanationofbenefit_created_at ON explanationofbenefit (created_at);
--> statement-breakpoint
CREATE INDEX invoice_invoiced_at ON invoice (invoiced_at);
--> statement-breakpoint
CREATE INDEX paymentnotice_created_at ON paymentnotice (created_at);
--> statement-breakpoint
CREATE INDEX paymentreconciliation_created_at ON paymentreconciliation (created_at);
--> statement-breakpoint
CREATE INDEX schedule_starts_at ON schedule (starts_at);
--> statement-breakpoint
CREATE INDEX slot_starts_at ON slot (starts_at);
