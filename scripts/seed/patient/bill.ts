/**
 * A bill with insurer, policy (Coverage), amount and payment status: Claim, what the insurer made of it
 * (ExplanationOfBenefit), and the Invoice over the patient's share.
 */
import type {
  Claim,
  Condition,
  Encounter,
  ExplanationOfBenefit,
  Invoice,
  Money,
  PaymentNotice,
  PaymentReconciliation,
} from '@medplum/fhirtypes';
import { concept, hl7, identifier, plain, SNOMED, type Term } from '../coding.ts';
import type { Doctor } from '../directory.ts';
import type { Named } from '../draft.ts';
import { chance, REFERENCE_TIME } from '../random.ts';
import { insurerReference, organizationReference, type Scene } from '../scene.ts';
import { DAY, dateTime, day } from '../times.ts';

interface BillItem {
  readonly term: Term;
  /** In EUR. */
  readonly price: number;
}

interface Bill {
  readonly kind: 'professional' | 'institutional';
  readonly encounter: Named<Encounter>;
  readonly diagnosis: Named<Condition>;
  readonly doctor: Doctor;
  readonly from: number;
  readonly to: number;
  readonly items: readonly BillItem[];
}

const money = (value: number): Money => ({ value: Number(value.toFixed(2)), currency: 'EUR' });
const claimType = (kind: Bill['kind']) => plain(hl7('claim-type'), kind);

export function addBill(scene: Scene, bill: Bill): void {
  const number = `${scene.key}-${scene.nextNumber()}`;
  const total = bill.items.reduce((sum, item) => sum + item.price, 0);
  const share = scene.random.helpers.arrayElement([0, 0.1, 0.2]) * total;
  const paid = bill.to < REFERENCE_TIME - 60 * DAY || chance(scene.random, 0.4);
  const claim = addClaim(scene, bill, number, total);
  addBenefit(scene, bill, { number, claim, total, share, paid });
  addInvoice(scene, bill, number, share, paid);
  if (paid && bill.kind === 'institutional') addPayment(scene, bill, number, total - share);
}

function addClaim(scene: Scene, bill: Bill, number: string, total: number): Named<Claim> {
  return scene.draft.add<Claim>({
    resourceType: 'Claim',
    identifier: [identifier('claim', number)],
    status: 'active',
    type: claimType(bill.kind),
    use: 'claim',
    patient: scene.patient,
    billablePeriod: { start: dateTime(bill.from), end: dateTime(bill.to) },
    created: dateTime(bill.to),
    insurer: insurerReference(scene.insurer),
    provider: organizationReference(bill.doctor.site),
    priority: plain(hl7('processpriority'), 'normal'),
    diagnosis: [{ sequence: 1, diagnosisReference: bill.diagnosis }],
    insurance: [{ sequence: 1, focal: true, coverage: scene.coverage }],
    item: bill.items.map((item, n) => ({
      sequence: n + 1,
      diagnosisSequence: [1],
      productOrService: concept(SNOMED, item.term),
      servicedDate: day(bill.from),
      unitPrice: money(item.price),
      net: money(item.price),
      encounter: [bill.encounter],
    })),
    total: money(total),
  });
}

interface Settlement {
  readonly number: string;
  readonly claim: Named<Claim>;
  readonly total: number;
  readonly share: number;
  readonly paid: boolean;
}

function addBenefit(scene: Scene, bill: Bill, { number, claim, total, share, paid }: Settlement): void {
  scene.draft.add<ExplanationOfBenefit>({
    resourceType: 'ExplanationOfBenefit',
    identifier: [identifier('benefit', number)],
    status: 'active',
    type: claimType(bill.kind),
    use: 'claim',
    patient: scene.patient,
    billablePeriod: { start: dateTime(bill.from), end: dateTime(bill.to) },
    created: dateTime(bill.to + 5 * DAY),
    insurer: insurerReference(scene.insurer),
    provider: organizationReference(bill.doctor.site),
    claim,
    outcome: paid ? 'complete' : 'queued',
    insurance: [{ focal: true, coverage: scene.coverage }],
    total: [
      { category: plain(hl7('adjudication'), 'submitted'), amount: money(total) },
      { category: plain(hl7('adjudication'), 'benefit'), amount: money(total - share) },
    ],
    ...(paid && {
      payment: { type: plain(hl7('ex-paymenttype'), 'complete'), date: day(bill.to + 14 * DAY), amount: money(total - share) },
    }),
  });
}

function addInvoice(scene: Scene, bill: Bill, number: string, share: number, paid: boolean): void {
  scene.draft.add<Invoice>({
    resourceType: 'Invoice',
    identifier: [identifier('invoice', number)],
    status: paid || share === 0 ? 'balanced' : 'issued',
    subject: scene.patient,
    date: dateTime(bill.to + 7 * DAY),
    issuer: organizationReference(bill.doctor.site),
    totalNet: money(share),
    totalGross: money(share),
    paymentTerms: 'Within 30 days.',
  });
}

function addPayment(scene: Scene, bill: Bill, number: string, amount: number): void {
  const at = bill.to + 14 * DAY;
  const payment = scene.draft.add<PaymentReconciliation>({
    resourceType: 'PaymentReconciliation',
    identifier: [identifier('payment', number)],
    status: 'active',
    created: dateTime(at),
    paymentIssuer: insurerReference(scene.insurer),
    outcome: 'complete',
    paymentDate: day(at),
    paymentAmount: money(amount),
  });
  scene.draft.add<PaymentNotice>({
    resourceType: 'PaymentNotice',
    identifier: [identifier('payment-notice', number)],
    status: 'active',
    created: dateTime(at),
    payment,
    paymentDate: day(at),
    recipient: organizationReference(bill.doctor.site),
    amount: money(amount),
    paymentStatus: plain(hl7('paymentstatus'), 'paid'),
  });
}
