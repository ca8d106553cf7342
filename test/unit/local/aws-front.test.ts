import { afterEach, describe, expect, it } from "vitest";
import { createAwsFront } from "../../../local/aws-front.ts";
import { createRecorder } from "../../../local/calls.ts";
import { createFaults } from "../../../local/faults.ts";
import type { Listener, Reply, Request } from "../../../local/proxy.ts";
import { startProxy } from "../../../local/proxy.ts";
import { createZones } from "../../../local/zones.ts";

const listeners: Listener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

const zonesXml =
  "<HostedZones><HostedZone><Id>/hostedzone/Z1</Id><Name>example.test.</Name></HostedZone></HostedZones>";

async function newFront(answer: (request: Request) => Partial<Reply>, lagMs = 60_000) {
  const asked: Request[] = [];
  const recorder = createRecorder();
  const faults = createFaults();
  const zones = createZones(async (path) => (path.includes("rrset") ? "" : zonesXml), lagMs);
  const forward = async (request: Request) => {
    asked.push(request);
    return { status: 200, headers: {}, body: Buffer.from("{}"), ...answer(request) };
  };
  const proxy = await startProxy(createAwsFront({ recorder, faults, zones, forward }));
  listeners.push(proxy);
  const ask = (service: string, path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${proxy.port}${path}`, {
      ...init,
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, Signature=x`,
        "user-agent": "aws-sdk-js/3 certwright-publish-challenge/1",
        ...init.headers,
      },
    });
  const askJson = (service: string, target: string, body: object) =>
    ask(service, "/", {
      method: "POST",
      headers: { "x-amz-target": target, "content-type": "application/x-amz-json-1.0" },
      body: JSON.stringify(body),
    });
  return { asked, recorder, faults, zones, ask, askJson };
}

const rrset = "/2013-04-01/hostedzone/Z1/rrset/";
const create = (name: string) =>
  `<ChangeResourceRecordSetsRequest><ChangeBatch><Changes><Change><Action>CREATE</Action><ResourceRecordSet><Name>${name}.</Name>
   <Type>TXT</Type><TTL>5</TTL><ResourceRecords><ResourceRecord><Value>&quot;v&quot;</Value></ResourceRecord></ResourceRecords>
   </ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;

describe("the proxy before AWS", () => {
  it.each([
    ["dynamodb", "POST", "/", { "x-amz-target": "DynamoDB_20120810.PutItem" }, "PutItem"],
    ["route53", "POST", rrset, {}, "ChangeResourceRecordSets"],
    ["route53", "GET", "/2013-04-01/change/C1", {}, "GetChange"],
    ["route53", "GET", "/2013-04-01/hostedzonesbyname?dnsname=x", {}, "ListHostedZonesByName"],
    ["lambda", "POST", "/2015-03-31/functions/certwright-sweep/invocations", {}, "Invoke"],
    ["s3", "PUT", "/bucket/key", {}, "PutObject"],
    ["monitoring", "POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData", {}, "PutMetricData"],
  ])("names calls of %s: %s %s", async (service, method, path, headers, action) => {
    const { recorder, ask } = await newFront(() => ({}));
    await ask(service, path, { method, headers, ...(method === "GET" ? {} : { body: "{}" }) });
    expect(recorder.list()).toMatchObject([{ service, action, function: "publish-challenge", status: 200 }]);
  });

  it("names the action of a form", async () => {
    const { recorder, ask } = await newFront(() => ({}));
    await ask("sts", "/", { method: "POST", body: "Version=2011-06-15&Action=AssumeRole" });
    expect(recorder.list()).toMatchObject([{ service: "sts", action: "AssumeRole" }]);
  });

  it("keeps no secret value", async () => {
    const { recorder, ask, askJson } = await newFront(() => ({}));
    await askJson("secretsmanager", "secretsmanager.CreateSecret", { Name: "n", SecretString: "hush" });
    await askJson("kms", "TrentService.Encrypt", { Plaintext: "hush" });
    const headers = { "content-type": "application/json" };
    await ask("s3", "/bucket/key", { method: "PUT", headers, body: '{"tls.key":"hush"}' });
    expect(recorder.count()).toBe(3);
    expect(JSON.stringify(recorder.list())).not.toContain("hush");
  });

  it("notes the error code of an answer", async () => {
    const { recorder, askJson } = await newFront(() => ({
      status: 400,
      body: Buffer.from('{"__type":"com.amazonaws#ConditionalCheckFailedException"}'),
    }));
    await askJson("dynamodb", "DynamoDB_20120810.PutItem", { TableName: "t" });
    expect(recorder.list()).toMatchObject([{ status: 400, error: "ConditionalCheckFailedException", writeUnits: 1 }]);
  });

  it("counts capacity units without the caller seeing it", async () => {
    const { asked, recorder, askJson } = await newFront(() => ({
      body: Buffer.from('{"Attributes":{},"ConsumedCapacity":{"TableName":"t","CapacityUnits":3}}'),
    }));
    const answer = await askJson("dynamodb", "DynamoDB_20120810.UpdateItem", { TableName: "t" });
    expect(await answer.json()).toEqual({ Attributes: {} });
    expect(JSON.parse(asked[0]?.body.toString() ?? "")).toEqual({ TableName: "t", ReturnConsumedCapacity: "TOTAL" });
    expect(recorder.list()).toMatchObject([{ writeUnits: 3 }]);
  });

  it("leaves the capacity to a caller that asks for it", async () => {
    const consumed = { TableName: "t", CapacityUnits: 0.5 };
    const { recorder, askJson } = await newFront(() => ({
      body: Buffer.from(JSON.stringify({ ConsumedCapacity: consumed })),
    }));
    const answer = await askJson("dynamodb", "DynamoDB_20120810.GetItem", { ReturnConsumedCapacity: "INDEXES" });
    expect(await answer.json()).toEqual({ ConsumedCapacity: consumed });
    expect(recorder.list()).toMatchObject([{ readUnits: 0.5 }]);
  });

  it.each([
    ["JSON", "dynamodb", "/", { "x-amz-target": "DynamoDB_20120810.GetItem" }, '"__type":"ThrottlingException"'],
    ["XML", "route53", rrset, {}, "<Code>ThrottlingException</Code>"],
  ])("refuses in the service's own words: %s", async (_, service, path, headers, text) => {
    const { faults, ask } = await newFront(() => ({}));
    faults.add({ match: { service }, kind: "refuse", answer: { status: 400, code: "ThrottlingException" } });
    const answer = await ask(service, path, { method: "POST", headers, body: "{}" });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(text);
  });

  it("breaks the connection of a call whose reply is dropped", async () => {
    const { asked, faults, ask } = await newFront(() => ({}));
    faults.add({ match: {}, kind: "dropReply" });
    await expect(ask("s3", "/b/k", { method: "PUT", body: "x" })).rejects.toThrow("fetch failed");
    expect(asked).toHaveLength(1);
  });

  it.each([
    [60_000, "PENDING", []],
    [0, "INSYNC", ["_acme-challenge.example.test"]],
  ])("with a lag of %i ms a change is %s", async (lagMs, status, shown) => {
    const { zones, ask } = await newFront(
      ({ method }) => ({
        body: Buffer.from(
          `<R><ChangeInfo><Id>/change/C1</Id><Status>${method === "GET" ? "X" : "PENDING"}</Status></ChangeInfo></R>`,
        ),
      }),
      lagMs,
    );
    await ask("route53", rrset, { method: "POST", body: create("_acme-challenge.example.test") });
    const answer = await ask("route53", "/2013-04-01/change/C1");
    expect(await answer.text()).toContain(`<Status>${status}</Status>`);
    expect(zones.list().map((set) => set.name)).toEqual(shown);
    expect(zones.list("accepted").map((set) => set.name)).toEqual(["_acme-challenge.example.test"]);
  });

  it("knows whose change GetChange asks for", async () => {
    const { faults, ask } = await newFront(() => ({ body: Buffer.from("<R><Id>/change/C1</Id></R>") }));
    faults.add({ match: { action: "GetChange", contains: "_acme-challenge.a.test" }, kind: "dropRequest", times: -1 });
    await ask("route53", rrset, { method: "POST", body: create("_acme-challenge.b.test") });
    expect((await ask("route53", "/2013-04-01/change/C1")).status).toBe(200);
    await ask("route53", rrset, { method: "POST", body: create("_acme-challenge.a.test") });
    await expect(ask("route53", "/2013-04-01/change/C1")).rejects.toThrow("fetch failed");
  });

  it("does not show a change that Route 53 refused", async () => {
    const { zones, ask } = await newFront(
      () => ({ status: 400, body: Buffer.from("<Code>InvalidChangeBatch</Code>") }),
      0,
    );
    await ask("route53", rrset, { method: "POST", body: create("x.example.test") });
    expect(zones.list()).toEqual([]);
  });
});
