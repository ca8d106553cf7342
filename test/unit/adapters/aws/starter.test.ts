import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { SFNClient } from "@aws-sdk/client-sfn";
import { describe, expect, it } from "vitest";
import { awsStarter, openStarter } from "../../../../adapters/aws/starter.ts";
import type { ResourceKey } from "../../../../core/resource.ts";

const stateMachineArn = "arn:aws:states:eu-west-1:111122223333:stateMachine:certwright-issue-certificates";
const leaseId = "0b5f4f5e-6f1c-4a56-8f0e-3f1f2a6f7b10";
const ref = { namespace: "web", name: "www", attemptId: "7e0a4f1e-7f3a-4c76-9f5f-0f8f3d5b6a10" };
const cluster: ResourceKey = { namespace: "_cluster", kind: "Cluster", name: "prod-eu" };
const key: ResourceKey = { namespace: "web", kind: "Certificate", name: "www" };

describe("startIssuance", () => {
  const input = { leaseId, issuer: "_cluster/ClusterIssuer/le", attempts: [ref], route: "order" as const };

  it("starts an execution that is named like its lease", async () => {
    const { starter, executions } = setUp();
    await starter.startIssuance(input);
    expect(executions).toEqual([{ stateMachineArn, name: leaseId, input: JSON.stringify(input) }]);
  });

  it("is content when the lease has its execution", async () => {
    const { starter } = setUp(thrown("ExecutionAlreadyExists"));
    await expect(starter.startIssuance(input)).resolves.toBeUndefined();
  });

  it.each([
    ["AccessDeniedException", "RefusedError", "AccessDenied"],
    ["ThrottlingException", "UnavailableError", "Throttled"],
  ])("turns %s into its named error", async (name, errorClass, reason) => {
    const { starter } = setUp(thrown(name));
    await expect(starter.startIssuance(input)).rejects.toMatchObject({ name: errorClass, reason });
  });
});

describe("executionArn", () => {
  it("is known before the execution is", () => {
    expect(setUp().starter.executionArn(leaseId)).toBe(
      `arn:aws:states:eu-west-1:111122223333:execution:certwright-issue-certificates:${leaseId}`,
    );
  });

  it("is known to a starter that was made from settings", () => {
    const starter = openStarter({ client: { region: "eu-west-1" }, instance: "certwright", stateMachineArn });
    expect(starter.executionArn(leaseId)).toMatch(/:execution:certwright-issue-certificates:0b5f/);
  });
});

describe("the functions", () => {
  it("are invoked asynchronously, by the names of the instance", async () => {
    const { starter, invocations } = setUp();
    await starter.dispatch([key]);
    await starter.sweep();
    await starter.checkIssuer({ namespace: "_cluster", kind: "ClusterIssuer", name: "le" });
    await starter.checkCertificates([key]);
    await starter.cleanUp([ref], "_cluster/ClusterIssuer/le");
    await starter.syncKubernetes({ key: cluster, replan: true });
    await starter.syncKubernetes({ certificates: [{ namespace: "web", name: "www" }] });
    await starter.rewriteSecrets([key]);
    expect(invocations).toEqual([
      ["certwright-dispatch", "Event", { keys: [key] }],
      ["certwright-sweep", "Event", {}],
      ["certwright-check-issuer", "Event", { key: { namespace: "_cluster", kind: "ClusterIssuer", name: "le" } }],
      ["certwright-check-certificates", "Event", { keys: [key] }],
      ["certwright-clean-up-challenge", "Event", { attempts: [ref], issuer: "_cluster/ClusterIssuer/le" }],
      ["certwright-sync-kubernetes", "Event", { key: cluster, replan: true }],
      ["certwright-sync-kubernetes", "Event", { certificates: [{ namespace: "web", name: "www" }] }],
      ["certwright-rewrite-secret", "Event", { keys: [key] }],
    ]);
  });

  it("are not called with nothing", async () => {
    const { starter, invocations } = setUp();
    await starter.dispatch([]);
    await starter.cleanUp([], "_cluster/ClusterIssuer/le");
    await starter.syncKubernetes({ certificates: [] });
    await starter.rewriteSecrets([]);
    expect(invocations).toEqual([]);
  });

  it("get at most 200 keys each, none twice, within an asynchronous call's 256 KB however long the names", async () => {
    const { starter, invocations, bytes } = setUp();
    const keys = Array.from({ length: 401 }, (_, at) => ({
      namespace: "n".repeat(63),
      kind: "Certificate" as const,
      name: `${at}`.padStart(253, "x"),
    }));
    await starter.dispatch(keys);
    const sent = invocations.map(([, , payload]) => (payload as { keys: ResourceKey[] }).keys);
    expect(sent.map((some) => some.length)).toEqual([200, 200, 1]);
    expect(sent.flat()).toEqual(keys);
    const certificates = keys.map(({ namespace, name }) => ({ namespace, name }));
    await starter.syncKubernetes({ certificates });
    const orders = invocations.slice(3).map(([, , payload]) => (payload as { certificates: object[] }).certificates);
    expect(orders.map((some) => some.length)).toEqual([200, 200, 1]);
    expect(orders.flat()).toEqual(certificates);
    expect(Math.max(...bytes)).toBeLessThan(256 * 1024);
  });

  it.each([
    ["AccessDeniedException", "RefusedError", "AccessDenied"],
    ["TooManyRequestsException", "UnavailableError", "Throttled"],
  ])("turn %s into its named error, with the function's name", async (name, errorClass, reason) => {
    const { starter } = setUp(thrown(name));
    await expect(starter.sweep()).rejects.toMatchObject({
      name: errorClass,
      reason,
      message: expect.stringContaining("lambda:InvokeFunction on certwright-sweep"),
    });
  });
});

function setUp(error?: Error) {
  const executions: unknown[] = [];
  const invocations: [string, string, unknown][] = [];
  const bytes: number[] = [];
  const stepFunctions = {
    send: async ({ input }: { input: unknown }) => {
      executions.push(input);
      if (error) throw error;
      return {};
    },
  };
  const lambda = {
    send: async ({ input }: { input: { FunctionName: string; InvocationType: string; Payload: string } }) => {
      if (error) throw error;
      bytes.push(Buffer.byteLength(input.Payload));
      invocations.push([input.FunctionName, input.InvocationType, JSON.parse(input.Payload)]);
      return { StatusCode: 202 };
    },
  };
  const starter = awsStarter({
    lambda: lambda as unknown as LambdaClient,
    stepFunctions: stepFunctions as unknown as SFNClient,
    instance: "certwright",
    stateMachineArn,
  });
  return { starter, executions, invocations, bytes };
}

function thrown(name: string): Error {
  return Object.assign(new Error("said AWS"), { name });
}
