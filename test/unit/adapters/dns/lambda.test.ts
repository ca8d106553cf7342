import { readFileSync } from "node:fs";
import type { InvokeCommand } from "@aws-sdk/client-lambda";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { invokeOn } from "../../../../adapters/dns/lambda/invoke.ts";
import {
  type DnsFunctionRequest,
  dnsFunctionRequest,
  recordsReply,
  settledReply,
} from "../../../../adapters/dns/lambda/messages.ts";
import { lambdaRecords } from "../../../../adapters/dns/lambda/records.ts";
import { lambda } from "../../../../adapters/dns/lambda.ts";
import type { DnsAccess, DnsAdapter } from "../../../../core/dns-adapter.ts";
// @ts-expect-error: plain JavaScript, as Lambda runs it.
import { handlerFor } from "../../../../examples/aws-dns-function/index.mjs";
import { checkDnsFunction } from "../../../contract/check-dns-function.ts";
import { dnsFunctionChecks } from "../../../contract/dns-function.ts";
import { testDnsProvider } from "../../../contract/dns-provider.ts";
import { fakeLinode } from "../../../support/fake-linode.ts";
import { withoutDns } from "../../../support/memory-lookup.ts";
import { recordApiWorld } from "../../../support/record-api-world.ts";
import { solverConfig, solverFaults } from "../../../support/solver-faults.ts";

const record = { name: "_acme-challenge.www.one.test", value: "v" };
const config = { tokenSecret: "linode-token" };

/** The example as Lambda would run it: what goes in and out is JSON. */
function exampleFunction({ fetch, clock }: Pick<DnsAccess, "fetch" | "clock">) {
  const readSecret = async (id: string) => (id === config.tokenSecret ? "linode" : "");
  const handler = handlerFor({ fetch, now: () => clock.now().getTime(), readSecret });
  return async (event: DnsFunctionRequest) => {
    const sent = dnsFunctionRequest.parse(JSON.parse(JSON.stringify(event)));
    return JSON.parse(JSON.stringify(await handler(sent)));
  };
}

/** The adapter over the example over a fake of Linode. */
const adapter: DnsAdapter<Record<string, string>> = {
  solver: { table: {}, read: () => config },
  permissions: lambda.permissions,
  create: async (settings, access) => lambdaRecords(exampleFunction(access), settings),
};
const linode = () => recordApiWorld(fakeLinode("linode"), adapter, config, {});

testDnsProvider("lambda with the example function, on a fake of Linode", linode);

describe("the checks for a user's function", () => {
  const world = () => {
    const { fetch, values, store } = linode();
    let [now, looks] = [0, 0];
    const again = async () => {
      now += 60_000;
      looks += 1;
      return looks < 20;
    };
    const invoke = exampleFunction({ fetch, clock: { now: () => new Date(now) } });
    return { invoke, zone: "one.test", config, values, again, run: "t", store };
  };

  it.each(dnsFunctionChecks(world()))("hold for the example: it %s", (_, check) => check());

  it("leave nothing behind, and print a line for each", async () => {
    const example = world();
    const lines: string[] = [];
    expect(await checkDnsFunction(example, (line) => lines.push(line))).toBe(0);
    expect(lines.filter((line) => line.startsWith("ok "))).toHaveLength(6);
    expect(example.store.records).toEqual([]);
  });

  it.each<[string, (event: DnsFunctionRequest, answer: () => Promise<unknown>) => Promise<unknown>]>([
    ["answers nothing", async () => undefined],
    [
      "answers for the first record only",
      async (_, answer) => {
        const said = (await answer()) as { results?: unknown[] };
        return { ...said, results: said.results?.slice(0, 1) };
      },
    ],
    [
      "removes nothing",
      async (event, answer) =>
        event.verb === "cleanUp" ? { results: event.records.map(() => ({ change: "x" })) } : answer(),
    ],
    [
      "never settles",
      async (event, answer) => (event.verb === "settled" ? { settled: event.changes.map(() => false) } : answer()),
    ],
    ["throws", async () => Promise.reject(new Error("TypeError"))],
  ])("find a function that %s", async (_, spoil) => {
    const example = world();
    const spoilt = { ...example, invoke: (event: DnsFunctionRequest) => spoil(event, () => example.invoke(event)) };
    expect(await checkDnsFunction(spoilt, () => undefined)).toBeGreaterThan(0);
  });
});

describe("the lambda provider", () => {
  const answering = (reply: unknown) => lambdaRecords(async () => reply, {});

  it("sends each record once, at most 50 at a time, with version, verb and config", async () => {
    const events: DnsFunctionRequest[] = [];
    const dns = lambdaRecords(async (event) => {
      events.push(event);
      return "records" in event ? { results: event.records.map(() => ({ change: "c" })) } : {};
    }, config);
    const many = Array.from({ length: 120 }, (_, index) => ({ ...record, value: `v${index}` }));
    const results = await dns.publish([...many, record, record]);
    expect(results).toHaveLength(122);
    expect(events.map((event) => "records" in event && event.records.length)).toEqual([50, 50, 21]);
    expect(events[0]).toMatchObject({ version: 1, verb: "publish", config });
  });

  it.each([
    ["noZone", "RefusedError", "HostedZoneNotFound"],
    ["refused", "RefusedError", "DnsFunctionRefused"],
    ["unavailable", "UnavailableError", "DnsFunctionUnavailable"],
  ])("turns %s into a %s, in the function's words", async (kind, name, reason) => {
    const dns = answering({ results: [{ error: { kind, message: "because", fix: "do it" } }] });
    const [result] = await dns.publish([record]);
    expect(result).toMatchObject({ error: { name, reason, message: expect.stringMatching(/because$/) } });
  });

  it("gives each record its own answer, in the order of the records, whatever was asked twice", async () => {
    const refused = { error: { kind: "refused", message: "not yours" } };
    const [one, two, three] = ["one", "two", "three"].map((value) => ({ ...record, value }));
    const dns = answering({ results: [{ change: "c1" }, { unchanged: true }, refused] });
    const results = await dns.publish([one, two, one, three] as (typeof record)[]);
    expect(results).toMatchObject([
      { record: one, change: "c1" },
      { record: two, unchanged: true },
      { record: one, change: "c1" },
      { record: three, error: { reason: "DnsFunctionRefused" } },
    ]);
  });

  it("has nothing to clean where the function knows no zone", async () => {
    const dns = answering({ results: [{ error: { kind: "noZone", message: "none" } }] });
    expect(await dns.cleanUp([record])).toEqual([{ record, unchanged: true }]);
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "the whole"],
    ["no results", {}, "results"],
    ["too few results", { results: [] }, "it has 0 entries, not 1"],
    ["a result of no kind", { results: [{ done: true }] }, "results.0"],
    ["an empty change", { results: [{ change: "" }] }, "results.0"],
  ])("refuses a reply with %s, and says where", async (_, reply, where) => {
    const [result] = await answering(reply).publish([record]);
    expect(result).toMatchObject({
      error: { name: "RefusedError", reason: "DnsFunctionBadReply", message: expect.stringContaining(where) },
    });
  });

  it("asks for each change once and tells a bad reply", async () => {
    const asked: unknown[] = [];
    const dns = lambdaRecords(async (event) => {
      asked.push(event);
      return { settled: [true, false] };
    }, {});
    expect(await dns.settled(["a", "b", "a"])).toEqual(
      new Map([
        ["a", true],
        ["b", false],
      ]),
    );
    expect(asked).toHaveLength(1);
    await expect(answering({ settled: [] }).settled(["a"])).rejects.toMatchObject({ reason: "DnsFunctionBadReply" });
  });
});

describe("the call of the function", () => {
  const event: DnsFunctionRequest = { version: 1, verb: "settled", config: {}, changes: ["a"] };
  const client = (answer: object | Error) => ({
    send: async (command: InvokeCommand) => {
      expect(JSON.parse(String(command.input.Payload))).toEqual(event);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  const call = (answer: object | Error) => invokeOn(client(answer) as never, "certwright-dns-x")(event);
  const payload = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const aws = (name: string, $metadata = {}) => Object.assign(new Error("no"), { name, $metadata });

  it("answers what the function returned", async () => {
    expect(await call({ Payload: payload({ settled: [true] }) })).toEqual({ settled: [true] });
    expect(await call({ Payload: new Uint8Array() })).toBeUndefined();
  });

  it.each([
    [
      "threw",
      { FunctionError: "Unhandled", Payload: payload({ errorType: "TypeError", errorMessage: "x" }) },
      "UnavailableError",
      "DnsFunctionFailed",
    ],
    ["is not there", aws("ResourceNotFoundException"), "RefusedError", "DnsFunctionNotFound"],
    ["may not be called", aws("AccessDeniedException", { httpStatusCode: 403 }), "RefusedError", "AccessDenied"],
    ["is throttled", aws("TooManyRequestsException", { httpStatusCode: 429 }), "UnavailableError", "Throttled"],
  ])("names it when the function %s", async (_, answer, name, reason) => {
    await expect(call(answer)).rejects.toMatchObject({ name, reason });
  });
});

describe("the rights of the lambda provider", () => {
  const scope = { zones: [], validationZones: [] };

  it("reach the functions of the scope, and the aliases of those that are listed", () => {
    const ours = "arn:aws:lambda:eu-central-1:123456789012:function:certwright-dns-*";
    const mine = "arn:aws:lambda:eu-central-1:123456789012:function:mine";
    const statement = { actions: ["lambda:InvokeFunction"], resources: [ours, mine, `${mine}:*`] };
    expect(lambda.permissions({ ...scope, functions: [ours, mine] })).toEqual({
      publish: [statement],
      settled: [statement],
      cleanUp: [statement],
    });
  });
});

describe("docs/dns-function.v1.schema.json", () => {
  it("says what the code reads, but for its descriptions", () => {
    const { $defs } = JSON.parse(readFileSync("docs/dns-function.v1.schema.json", "utf8"), (key, value) =>
      key === "description" ? undefined : value,
    );
    const bare = (schema: z.ZodMiniType) => {
      const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
      return rest;
    };
    expect($defs).toEqual({
      request: bare(dnsFunctionRequest),
      recordsReply: bare(recordsReply),
      settledReply: bare(settledReply),
    });
  });
});

describe("dns01.lambda", () => {
  const functionName = "certwright-dns-linode";
  const functionArn = "arn:aws:lambda:eu-west-1:123456789012:function:mine:live";
  const role = "arn:aws:iam::123456789012:role/certwright-dns";

  it.each<[string, object, string[]]>([
    ["takes a name", { functionName }, []],
    ["takes an ARN with an alias, a role and texts", { functionArn, role, config: { a: "b" } }, []],
    ["wants one of them", {}, ["lambda: Required value: functionName or functionArn is required"]],
    [
      "wants one of them only",
      { functionName, functionArn },
      ["lambda: Forbidden: functionName and functionArn cannot both be specified"],
    ],
    [
      "takes no ARN for a name",
      { functionName: functionArn },
      [`lambda.functionName: Invalid value: "${functionArn}": must be the name of a Lambda function`],
    ],
    [
      "takes nothing but texts",
      { functionName, config: { a: 1 } },
      ['lambda.config[a]: Invalid value: "integer": must be of type string'],
    ],
    [
      "takes no more than 8 KB",
      { functionName, config: { a: "x".repeat(9_000) } },
      ["lambda.config: Too long: may not be more than 8192 bytes"],
    ],
  ])("%s", (_, fields, faults) => {
    expect(solverFaults({ lambda: fields })).toEqual(faults);
  });

  it("wants a role in an Issuer", () => {
    expect(solverFaults({ lambda: { functionName } }, "Issuer")).toEqual([
      "lambda.role: Required value: an Issuer may not use the installation's own credentials",
    ]);
    expect(solverFaults({ lambda: { functionName, role } }, "Issuer")).toEqual([]);
  });

  it("knows the function's region, and is opened with the solver's role", async () => {
    const read = solverConfig({ lambda: { functionArn, role } });
    expect(read).toEqual({ functionName: functionArn, region: "eu-west-1", role, config: {} });
    const roles: unknown[] = [];
    const aws = async (role: string | undefined) => {
      roles.push(role);
      return { customUserAgent: [] };
    };
    const secret = () => Promise.reject(new Error("no secret is read"));
    const clock = { now: () => new Date() };
    const dns = await lambda.create(read as never, {
      aws,
      fetch,
      secret,
      clock,
      allowedPrivateHosts: [],
      ...withoutDns,
    });
    expect(await dns.publish([])).toEqual([]);
    expect(roles).toEqual([role]);
  });
});
