import { expect, vi } from "vitest";
import type { Door } from "../support/chaos/aws-door.ts";
import { doorRow } from "../support/chaos/aws-door.ts";
import { expectIssued, keptOf } from "../support/chaos/aws-kept.ts";
import type { Said } from "../support/chaos/aws-told.ts";
import { chaosTable } from "../support/chaos/rows.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { callInside } from "../support/step-calls.ts";

const bed = openBed();

const rateExceeded: Said = { reason: "Throttled", words: [/Rate exceeded/] };

function denied(reason: string, action: string, fix = /Allow/): Said {
  return { reason, words: [new RegExp(`not authorized to perform: ${action}`), fix] };
}

const secretsManager: Door = {
  what: "secrets",
  action: "secretsmanager:CreateSecret",
  by: "write-secret",
  calls: callInside["write-secret"],
  denied: denied("SecretAccessDenied", "secretsmanager:CreateSecret"),
  throttled: rateExceeded,
};

const newVersion: Door = {
  ...secretsManager,
  what: "version",
  action: "secretsmanager:PutSecretValue",
  calls: (one) => ({ ...callInside["write-secret"](one), action: "PutSecretValue" }),
  denied: denied("SecretAccessDenied", "secretsmanager:PutSecretValue"),
};

const s3: Door = {
  what: "s3",
  action: "s3:PutObject",
  by: "write-secret",
  calls: ({ namespace, name }) => ({ service: "s3", action: "PutObject", contains: `/${namespace}/${name}-tls` }),
  denied: denied("SecretAccessDenied", "s3:PutObject"),
  throttled: rateExceeded,
  answers: {
    denied: { status: 403, code: "AccessDenied" },
    throttled: { status: 503, code: "SlowDown" },
  },
  store: "s3",
};

const kmsSeal: Door = {
  what: "kms-seal",
  action: "kms:GenerateDataKey",
  by: "prepare",
  calls: ({ namespace }) => ({ service: "kms", action: "GenerateDataKey", contains: `"namespace":"${namespace}"` }),
  denied: denied("KeyAccessDenied", "kms:GenerateDataKey"),
  throttled: rateExceeded,
  early: true,
};

const kmsOpen: Door = {
  what: "kms-open",
  action: "kms:Decrypt",
  by: "write-secret",
  calls: ({ namespace }) => ({ service: "kms", action: "Decrypt", contains: `"namespace":"${namespace}"` }),
  denied: denied("KeyAccessDenied", "kms:Decrypt"),
  throttled: rateExceeded,
};

const dynamoOne: Door = {
  what: "dynamo-one",
  action: "dynamodb:PutItem",
  by: "finalize-order",
  calls: ({ name }) => ({ service: "dynamodb", contains: `Certificate/${name}#attempt#`, action: "PutItem" }),
  denied: { reason: "StateAccessDenied", words: [/certwright-finalize-order/, /log/, /right/] },
  throttled: { reason: "Unavailable", words: [/away/] },
};

const eventBridge: Door = {
  what: "events",
  action: "events:PutEvents",
  by: "write-secret",
  calls: ({ name }) => ({ service: "events", action: "PutEvents", contains: name }),
  denied: denied("AccessDenied", "events:PutEvents"),
  throttled: rateExceeded,
  shared: true,
};

const stepFunctions: Door = {
  what: "states",
  action: "states:StartExecution",
  by: "sweep",
  calls: ({ name }) => ({ service: "states", action: "StartExecution", contains: name }),
  denied: denied("AccessDenied", "states:StartExecution"),
  early: true,
  shared: true,
};

/** The lease of an attempt whose execution did not start ends after a minute; describe says when. */
async function throttledStart(): Promise<string> {
  const { stack } = bed;
  const name = bed.fresh("start-throttled");
  const slow = certificate({ name, issuer: name, dnsNames: [`${name}.example.test`] });
  await bed.put([slow]);
  await bed.shown([slow], ({ ready }) => ready?.reason === "IssuerNotFound");
  const calls = { service: "states", action: "StartExecution", contains: name };
  const answer = { status: 400, code: "ThrottlingException", message: "Rate exceeded" };
  const fault = await stack.refuse(calls, { times: -1, answer });
  await bed.putIssuer({ name, accountSecret: bed.fresh("doors-account") });
  await vi.waitUntil(async () => (await stack.count(calls)) >= 3, { timeout: 30_000, interval: 200 });
  const before = await keptOf(stack, slow);
  const { stdout } = await certwright(stack, ["describe", "certificate", name]);
  expect(stdout).toMatch(/Should its execution die, it resumes at \d{4}-\d\d-\d\dT[\d:]+Z \(in [\dhms]+\)/);
  await stack.removeFault(fault);
  await bed.ready([slow], 120_000);
  expect((await keptOf(stack, slow)).attemptId).toBe(before.attemptId);
  return `same attempt, resumed when its first lease of a minute had ended; ${await expectIssued(stack, [slow])}`;
}

/** The command line is no Lambda: its one call to SSM finds the installation. */
async function configDenied(): Promise<string> {
  const { stack } = bed;
  const { facts } = stack;
  const throughProxy = { ...stack, facts: { ...facts, emulatorEndpoint: facts.endpoint } };
  const call = { service: "ssm", function: "none" };
  const message = "User: arn:aws:iam::000000000000:user/dev is not authorized to perform: ssm:GetParameter";
  const denial = await stack.refuse(call, {
    times: -1,
    answer: { status: 400, code: "AccessDeniedException", message },
  });
  const refused = await certwright(throughProxy, ["get", "certificates"]).finally(() => stack.removeFault(denial));
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/not authorized to perform: ssm:GetParameter/);
  expect(refused.stderr).toMatch(/Allow ssm:GetParameter on \/certwright\/certwright\/config/);
  const answer = { status: 400, code: "ThrottlingException", message: "Rate exceeded" };
  await stack.refuse(call, { times: 2, answer });
  const served = await certwright(throughProxy, ["get", "certificates", "-n", bed.fresh("nobody")]);
  expect(served).toMatchObject({ code: 0 });
  return "exit code 1 with the right to allow; two throttled tries are repeated by themselves";
}

chaosTable("A service denies, then throttles", [
  doorRow(bed, "Secrets Manager: CreateSecret", secretsManager, { quick: true }),
  doorRow(bed, "Secrets Manager: PutSecretValue in a renewal", newVersion, { renews: true }),
  doorRow(bed, "S3 as the store: PutObject", s3),
  doorRow(bed, "KMS: GenerateDataKey, before anything was ordered", kmsSeal),
  doorRow(bed, "KMS: Decrypt, after the CA has issued", kmsOpen),
  doorRow(bed, "DynamoDB: every write of the attempt in Finalize order, after the CA has issued", dynamoOne),
  doorRow(bed, "EventBridge: PutEvents in a renewal, after the secret was written", eventBridge, { renews: true }),
  doorRow(bed, "Step Functions: StartExecution", stepFunctions),
  {
    fault: "Step Functions: StartExecution throttled beyond the SDK's repeats",
    expected: "describe says when it resumes; the same attempt goes on when its lease has ended",
    run: throttledStart,
  },
  {
    fault: "SSM: GetParameter, to the command line",
    expected: "denied: exit code 1 and the right to allow; throttled: it repeats",
    run: configDenied,
  },
]);
