import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { functionShapes } from "../../cdk/functions.ts";
import { account, region, synthesize } from "./synth.ts";

const stack = synthesize({ namespaces: { web: { dnsNames: ["*.web.example.com"] } }, http01: {} });
const [queue] = Object.entries(stack.resources).filter(([, { Type }]) => Type === "AWS::SQS::Queue");
const deadLetters = { "Fn::GetAtt": [queue?.[0], "Arn"] };

describe("functions", () => {
  const functions = stack.ofType("AWS::Lambda::Function").map(({ Properties }) => Properties);

  it("run Node 24 on arm64, one asset for all, with the memory and time of the table", () => {
    expect(new Set(functions.map(({ Code }) => JSON.stringify(Code))).size).toBe(1);
    const expected = Object.entries(functionShapes).map(([folder, { memoryMb, timeoutSeconds }]) => ({
      FunctionName: `certwright-${folder}`,
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Handler: `${folder}/index.handler`,
      MemorySize: memoryMb,
      Timeout: timeoutSeconds,
    }));
    expect(functions).toMatchObject(expected);
    expect(functions).toHaveLength(expected.length);
  });

  it("know where everything is, and no secret", () => {
    const { KEY_MATERIAL_KEY_ARN: keyArn, ...environment } = functions[0]?.Environment.Variables ?? {};
    expect(stack.named(keyArn)).toBe("KeysKeyMaterial");
    expect(environment).toEqual({
      CERTWRIGHT_INSTANCE: "certwright",
      REQUESTS_TABLE: "certwright-requests",
      STATE_TABLE: "certwright-state",
      SECRETS_BUCKET: `certwright-secrets-${account}-${region}`,
      STATE_MACHINE_ARN: `arn:aws:states:${region}:${account}:stateMachine:certwright-issue-certificates`,
      BUS_NAME: "certwright",
      DEFAULT_STORE: "secretsManager",
      CLUSTER_RESOURCE_NAMESPACE: "cert-manager",
      ALLOWED_PRIVATE_HOSTS: "",
      NAMESPACES: '{"web":{"dnsNames":["*.web.example.com"]}}',
      SERVES_HTTP01: "true",
    });
    expect(new Set(functions.map(({ Environment }) => JSON.stringify(Environment))).size).toBe(1);
  });

  it("run in no VPC", () => {
    expect(functions.filter((properties) => "VpcConfig" in properties)).toEqual([]);
  });

  it("reserve concurrency for the one alone that anybody may call, so that a flood of calls leaves the rest to the others", () => {
    const reserved = functions.filter((properties) => "ReservedConcurrentExecutions" in properties);
    const seen = reserved.map(({ FunctionName, ReservedConcurrentExecutions }) => [
      FunctionName,
      ReservedConcurrentExecutions,
    ]);
    expect(seen).toEqual([["certwright-serve-challenge", 10]]);
  });

  it("log to a group of their own, kept for 30 days under our key", () => {
    const groups = stack.ofType("AWS::Logs::LogGroup").map(({ Properties }) => Properties);
    expect(groups.map(({ LogGroupName }) => LogGroupName)).toEqual([
      ...Object.keys(functionShapes).map((folder) => `/aws/lambda/certwright-${folder}`),
      "/aws/vendedlogs/states/certwright-issue-certificates",
    ]);
    const keeping = groups.map(({ RetentionInDays, KmsKeyId }) => `${RetentionInDays} ${stack.named(KmsKeyId)}`);
    expect(new Set(keeping)).toEqual(new Set(["30 KeysRecords"]));
  });
});

describe("asynchronous calls", () => {
  const configs = stack.ofType("AWS::Lambda::EventInvokeConfig").map(({ Properties }) => Properties);

  it("end in the dead letters when they fail for good", () => {
    const asynchronous = Object.entries(functionShapes).filter(([, shape]) => "asynchronous" in shape);
    const names = asynchronous.map(([folder]) => `certwright-${folder}`);
    expect(configs.map(({ FunctionName }) => stack.named(FunctionName))).toEqual(names);
    for (const { DestinationConfig } of configs) {
      expect(DestinationConfig).toEqual({ OnFailure: { Destination: deadLetters } });
    }
  });

  it("cover whatever a rule starts or a function starts", () => {
    const started = stack.ofType("AWS::Events::Rule").flatMap(({ Properties }) => Properties.Targets.map(arnOf));
    const rights = stack
      .ofType("AWS::IAM::Role")
      .filter(({ Properties }) => !/issue-certificates$/.test(Properties.RoleName));
    const invoked = rights
      .flatMap(({ Properties }) => Properties.Policies[0].PolicyDocument.Statement)
      .filter(({ Action }) => Action === "lambda:InvokeFunction")
      .map(({ Resource }) => String(Resource).split(":").at(-1))
      // Users' own functions, which are waited for.
      .filter((name) => name !== "certwright-dns-*");
    const names = configs.map(({ FunctionName }) => stack.named(FunctionName));
    expect(names.sort()).toEqual([...new Set([...started, ...invoked])].sort());
  });

  it("have a dead-letter queue in every rule", () => {
    const targets = stack.ofType("AWS::Events::Rule").flatMap(({ Properties }) => Properties.Targets);
    expect(targets).toHaveLength(5);
    for (const { DeadLetterConfig } of targets) expect(DeadLetterConfig).toEqual({ Arn: deadLetters });
  });

  it("never repeat a sweep, and none older than a minute runs", () => {
    const config = configs.find(({ FunctionName }) => stack.named(FunctionName) === "certwright-sweep");
    expect(config).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
    const [target] = stack.one("AWS::Events::Rule", "certwright-sweep").Properties.Targets;
    expect(target.RetryPolicy).toEqual({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
  });

  it("keep what is dead for 14 days, under our key", () => {
    const { Properties } = stack.one("AWS::SQS::Queue");
    expect(Properties).toMatchObject({ QueueName: "certwright-dead-letters", MessageRetentionPeriod: 1_209_600 });
    expect(stack.named(Properties.KmsMasterKeyId)).toBe("KeysRecords");
  });
});

describe("triggers", () => {
  it("feed dispatch from the stream, from its beginning, and give up on a record after 5 retries", () => {
    const { EventSourceArn, FunctionName, ...mapping } = stack.one("AWS::Lambda::EventSourceMapping").Properties;
    expect(stack.named(EventSourceArn)).toBe("certwright-requests StreamArn");
    expect(stack.named(FunctionName)).toBe("certwright-dispatch");
    expect(mapping).toMatchObject({
      StartingPosition: "TRIM_HORIZON",
      BatchSize: 50,
      MaximumBatchingWindowInSeconds: 1,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 5,
      DestinationConfig: { OnFailure: { Destination: deadLetters } },
    });
  });

  it.each([
    ["sweep", "rate(1 minute)"],
    ["resync", "rate(6 hours)"],
  ])("start %s at %s", (name, rate) => {
    const { ScheduleExpression, Targets } = stack.one("AWS::Events::Rule", `certwright-${name}`).Properties;
    expect([ScheduleExpression, ...Targets.map(arnOf)]).toEqual([rate, `certwright-${name}`]);
  });

  it("take orders from the installation's own bus, by the source that names the namespace", () => {
    const { EventPattern, Targets, EventBusName } = stack.one("AWS::Events::Rule", "certwright-orders").Properties;
    expect(EventPattern).toEqual({
      source: [{ prefix: "certwright.namespace." }],
      "detail-type": ["Certificate Requested", "Certificate Deletion Requested"],
    });
    expect([stack.named(EventBusName), ...Targets.map(arnOf)]).toEqual(["certwright", "certwright-accept-request"]);
  });

  it("hand facts of new and deleted certificates to sync-kubernetes, and no orders", () => {
    const { EventPattern, Targets, EventBusName } = stack.one("AWS::Events::Rule", "certwright-facts").Properties;
    expect(EventPattern).toEqual({
      source: ["certwright"],
      "detail-type": ["Cluster Sync Requested", "Certificate Deleted"],
    });
    expect([stack.named(EventBusName), ...Targets.map(arnOf)]).toEqual(["certwright", "certwright-sync-kubernetes"]);
  });

  it("hand check-issuer the new certificates of CAs, and no others", () => {
    const { EventPattern, Targets } = stack.one("AWS::Events::Rule", "certwright-certificates-of-cas").Properties;
    expect(EventPattern).toEqual({
      source: ["certwright"],
      "detail-type": ["Certificate Issued"],
      detail: { isCA: [true] },
    });
    expect(Targets.map(arnOf)).toEqual(["certwright-check-issuer"]);
  });
});

describe("state machine", () => {
  const { Properties } = stack.one("AWS::StepFunctions::StateMachine");

  it("is the Standard one of the ASL file, encrypted with our key", () => {
    const file = JSON.parse(readFileSync("state-machines/issue-certificates.asl.json", "utf8"));
    expect(JSON.parse(Properties.DefinitionString)).toEqual(file);
    expect(Properties).toMatchObject({
      StateMachineName: "certwright-issue-certificates",
      StateMachineType: "STANDARD",
      EncryptionConfiguration: { Type: "CUSTOMER_MANAGED_KMS_KEY" },
    });
    expect(stack.named(Properties.EncryptionConfiguration.KmsKeyId)).toBe("KeysRecords");
  });

  it("logs errors, and never what an execution carries", () => {
    expect(Properties.LoggingConfiguration).toMatchObject({ Level: "ERROR", IncludeExecutionData: false });
  });

  it("waits longer for each task than its function may run", () => {
    const states: Record<string, { Type: string; TimeoutSeconds?: number; Arguments?: { FunctionName: string } }> =
      JSON.parse(Properties.DefinitionString).States;
    const tasks = Object.values(states).filter(({ Type }) => Type === "Task");
    expect(tasks.length).toBeGreaterThanOrEqual(8);
    for (const { TimeoutSeconds = 0, Arguments } of tasks) {
      const placeholder = Arguments?.FunctionName.slice(2, -1) ?? "";
      const name = stack.named(Properties.DefinitionSubstitutions[placeholder]).replace("certwright-", "");
      expect(TimeoutSeconds).toBeGreaterThan(functionShapes[name as keyof typeof functionShapes].timeoutSeconds);
    }
  });
});

function arnOf({ Arn }: { Arn: unknown }): string {
  return stack.named(Arn);
}
