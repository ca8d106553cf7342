import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Step } from "../../core/status.ts";
import type { Manifest } from "../../local/requests.ts";
import { refusedFor } from "../support/c-issuers.ts";
import { toRenew, withSpec } from "../support/c-objects.ts";
import { ordersFor } from "../support/c-requests-made.ts";
import type { Gate } from "../support/control.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { createZone } from "../support/integration-dns.ts";
import { leafOf } from "../support/integration-leaf.ts";
import { callInside } from "../support/step-calls.ts";

const bed = openBed();
const { stack, fresh, id } = bed;
const { clients, facts } = stack;
const namespace = fresh("status");
const issuer = fresh("status");
const failingZone = `failing-${id}.test`;
const instant = expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const gates: Gate[] = [];

function wanted(name: string, dnsName = `${name}.example.test`): Manifest {
  return certificate({ namespace, name, issuer, dnsNames: [dnsName] });
}

const slow = wanted(fresh("slow"));
const [edited, renewed, calm] = [wanted(fresh("edited")), wanted(fresh("renewed")), wanted(fresh("calm"))];
const failed = wanted(fresh("failed"), `www.${failingZone}`);

beforeAll(async () => {
  await bed.putIssuer({ name: issuer });
  await bed.put([failed, edited, renewed, calm]);
  await bed.ready([edited, renewed, calm]);
});

afterAll(async () => {
  await Promise.all(gates.map((gate) => gate.open()));
});

/** Holds the function of a step when it is about to write the attempt for the time after so many. */
async function holdIn(step: Step, { metadata: { name } }: Manifest, skip = 0): Promise<Gate> {
  const gate = await stack.pause(callInside[step]({ namespace, name, dnsName: "" }), { skip, times: 1 });
  gates.push(gate);
  return gate;
}

/** The object as `certwright get -o json` prints it. */
async function printed({ metadata: { name } }: Manifest): Promise<{ status: Record<string, unknown> }> {
  const { stdout } = await certwright(stack, ["get", "certificate", name, "-n", namespace, "-o", "json"]);
  return JSON.parse(stdout);
}

async function described({ metadata: { name } }: Manifest): Promise<string> {
  return (await certwright(stack, ["describe", "certificate", name, "-n", namespace])).stdout;
}

describe("the status of a Certificate", () => {
  it.concurrent("tells while an attempt is under way why, in which step it is, and in which execution", async () => {
    const { name } = slow.metadata;
    const [propagation, validation] = [
      await holdIn("check-propagation", slow),
      await holdIn("validate-challenge", slow, 1),
    ];
    await stack.put(slow);
    await propagation.held();
    const row = await stack.certificate({ namespace, name });
    const { executionArn, id: attemptId = "" } = row?.attempt ?? {};
    const message = `Issuing certificate as Secret "${name}-tls" does not exist`;
    const why = { reason: "DoesNotExist", message, observedGeneration: 1 };
    expect(row).toMatchObject({
      generation: 1,
      ready: { status: "False", ...why },
      issuing: { status: "True", ...why },
    });
    expect(await clients.steps.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      status: "RUNNING",
      input: expect.stringContaining(attemptId),
    });
    const text = await described(slow);
    expect(text).toMatch(/^ +Issuing +True +DoesNotExist /m);
    expect(text).toContain(`Attempt ${attemptId} is running, in step check-propagation of ${executionArn}.`);

    await propagation.open();
    await validation.held();
    expect((await printed(slow)).status).toMatchObject({
      conditions: [
        { type: "Ready", status: "False", ...why, lastTransitionTime: instant },
        { type: "Issuing", status: "True", ...why, lastTransitionTime: instant },
      ],
      ...{ step: "validate-challenge", attempt: attemptId, executionArn },
    });
    await validation.open();
    await bed.ready([slow]);
    const { issuing, attempt } = (await stack.certificate({ namespace, name })) ?? {};
    expect({ issuing, attempt }).toEqual({ issuing: undefined, attempt: undefined });
  });

  it.concurrent("is not Ready while an edit is under way, and stays Ready during a renewal", async () => {
    const held = [await holdIn("create-order", edited), await holdIn("create-order", renewed)];
    await bed.put([withSpec(edited, { dnsNames: [`to-${id}.example.test`] }), toRenew(renewed)]);
    await Promise.all(held.map((gate) => gate.held()));
    const rows = await Promise.all(
      [edited, renewed].map(({ metadata }) => stack.certificate({ namespace, ...metadata })),
    );
    const message = "fields on the existing certificate are not up to date: [spec.dnsNames]";
    const changed = { reason: "RequestChanged", message, observedGeneration: 2 };
    expect(rows).toMatchObject([
      { ready: { status: "False", ...changed }, issuing: { status: "True", ...changed }, revision: 1 },
      {
        ready: { status: "True", reason: "Ready", observedGeneration: 1 },
        issuing: { status: "True", reason: "ManuallyTriggered", observedGeneration: 1 },
        revision: 1,
      },
    ]);
    await Promise.all(held.map((gate) => gate.open()));
    await bed.shown([edited, renewed], ({ ready, revision }) => ready?.status === "True" && revision === 2);
  });

  it.concurrent("counts a failure, names the time of the next try, and forgets both once issued", async () => {
    const { name } = failed.metadata;
    await refusedFor(bed, failed, "HostedZoneNotFound");
    const { status } = await printed(failed);
    expect(status).toMatchObject({ failedIssuanceAttempts: 1, lastFailureTime: instant, nextDecisionTime: instant });
    const { lastFailureTime = "", dueAt = 0 } = (await stack.certificate({ namespace, name })) ?? {};
    const delaySeconds = (dueAt - Date.parse(lastFailureTime)) / 1_000;
    expect(delaySeconds).toBeGreaterThanOrEqual(48);
    expect(delaySeconds).toBeLessThanOrEqual(73);
    const text = await described(failed);
    expect(text).toMatch(/^Failed Attempts: +1$/m);
    expect(text).toMatch(new RegExp(`^Last Failure: +${lastFailureTime}$`, "m"));

    await createZone(stack, failingZone);
    await stack.put(toRenew(failed));
    await bed.ready([failed]);
    const after = (await printed(failed)).status;
    expect(after).toMatchObject({ revision: 1, observedGeneration: 1 });
    expect(Object.keys(after)).not.toContain("failedIssuanceAttempts");
    expect(Object.keys(after)).not.toContain("lastFailureTime");
    expect(await ordersFor(stack, `www.${failingZone}`)).toBe(1);
  });

  it.concurrent("is printed in Kubernetes' shape, with RFC 3339 times", async () => {
    const { name } = calm.metadata;
    const json = await printed(calm);
    const status = {
      conditions: [
        {
          type: "Ready",
          status: "True",
          observedGeneration: 1,
          lastTransitionTime: instant,
          reason: "Ready",
          message: "Certificate is up to date and has not expired",
        },
      ],
      observedGeneration: 1,
      notBefore: instant,
      notAfter: instant,
      renewalTime: instant,
      revision: 1,
      acme: { ari: { nextCheck: instant } },
      nextDecisionTime: instant,
      secretArn: expect.stringContaining(`:secret:${facts.instance}/${namespace}/${name}-tls-`),
      secretVersionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      store: "secretsManager",
      fingerprint: leafOf(await bed.read(calm)).fingerprint,
    };
    const { apiVersion, kind, spec } = calm;
    expect(json).toEqual({ apiVersion, kind, metadata: { name, namespace, generation: 1 }, spec, status });
    expect(Object.keys(json)).toEqual(["apiVersion", "kind", "metadata", "spec", "status"]);
    expect(Object.keys(json.status)).toEqual(Object.keys(status));
    expect(json.status.nextDecisionTime).toBe((json.status.acme as { ari: { nextCheck: string } }).ari.nextCheck);
  });
});
