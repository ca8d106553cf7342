import { callsOf, type Usage } from "./usage.ts";

/** List prices of us-east-1 in dollars, no free tier (where from: performance.md 1, README "Cost"). */
const prices = {
  transition: 25e-6,
  lambdaRequest: 0.2e-6,
  /** arm64. */
  lambdaGigabyteSecond: 13.3334e-6,
  writeUnit: 0.625e-6,
  readUnit: 0.125e-6,
  /** A GB-month, with its point-in-time copy. */
  tableGigabyte: 0.25 + 0.2,
  secretMonth: 0.4,
  secretCall: 5e-6,
  objectPut: 5e-6,
  objectGet: 0.4e-6,
  bucketGigabyte: 0.023,
  kmsKeyMonth: 1,
  kmsCall: 3e-6,
  event: 1e-6,
  metricMonth: 0.3,
  alarmMonth: 0.1,
  logGigabyte: 0.5,
};

/** The template's own: two keys, three metrics, seven alarms; and the secret of one account's key. */
const fixed = { keys: 2, metrics: 3, alarms: 7, accountSecrets: 1 };
const daysPerMonth = 30.4;

/** What a bill is made of: a run, how many days of it, and what lies there for good. */
export interface Billed {
  used: Usage;
  days: number;
  /** Secrets in Secrets Manager besides the account's. */
  secrets: number;
  /** What the tables and the bucket hold in the long run, bytes. */
  tableBytes: number;
  bucketBytes: number;
}

/** Dollars a month by service. */
export function monthlyBill({ used, days, secrets, tableBytes, bucketBytes }: Billed): Record<string, number> {
  const perMonth = daysPerMonth / days;
  const functions = Object.values(used.lambda);
  const sum = (of: (one: (typeof functions)[number]) => number) => functions.reduce((all, one) => all + of(one), 0);
  const dynamo = (used.writeUnits + used.indexWriteUnits) * prices.writeUnit + used.readUnits * prices.readUnit;
  const lambda =
    sum(({ calls }) => calls) * prices.lambdaRequest +
    sum(({ gigabyteSeconds }) => gigabyteSeconds) * prices.lambdaGigabyteSecond;
  const s3 = callsOf(used, "s3", /^Put/) * prices.objectPut + callsOf(used, "s3", /^(Head|Get)/) * prices.objectGet;
  const gigabytes = (bytes: number) => bytes / 1e9;
  return {
    "Step Functions": used.transitions * prices.transition * perMonth,
    DynamoDB: dynamo * perMonth + gigabytes(tableBytes) * prices.tableGigabyte,
    Lambda: lambda * perMonth,
    KMS: callsOf(used, "kms") * prices.kmsCall * perMonth + fixed.keys * prices.kmsKeyMonth,
    S3: s3 * perMonth + gigabytes(bucketBytes) * prices.bucketGigabyte,
    "Secrets Manager":
      callsOf(used, "secretsmanager") * prices.secretCall * perMonth +
      (secrets + fixed.accountSecrets) * prices.secretMonth,
    EventBridge: used.events * prices.event * perMonth,
    CloudWatch:
      gigabytes(used.logBytes) * prices.logGigabyte * perMonth +
      fixed.metrics * prices.metricMonth +
      fixed.alarms * prices.alarmMonth,
  };
}

/** Dollars to the cent. */
export function total(bill: Record<string, number>): number {
  return Math.round(Object.values(bill).reduce((sum, one) => sum + one, 0) * 100) / 100;
}
