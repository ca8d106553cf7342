import { X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { QueryCommand } from "@aws-sdk/client-dynamodb";
import { ChangeResourceRecordSetsCommand } from "@aws-sdk/client-route-53";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusedFor } from "../support/c-issuers.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { createZone, untilNoTxt } from "../support/integration-dns.ts";
import { leafOf } from "../support/integration-leaf.ts";

const bed = openBed();
const { stack, fresh } = bed;
const issuer = fresh("http01");
/** A batch waits for the slowest of its issuer for a while. */
const issuerOfLost = fresh("http01-lost");
const zone = `${fresh("web")}.test`;
const overHttp = { http01: { ingress: { ingressClassName: "nginx" } } };
const solvers = [overHttp, { dns01: { route53: { region: "us-east-1" } }, selector: { dnsNames: [`*.${zone}`] } }];
/** At the stack's own web server. */
const address = "127.0.0.1";
const names = { one: `one.${zone}`, mixed: [`mixed.${zone}`, `*.${zone}`], lost: `lost.${zone}` };
const wanted = {
  one: certificate({ name: fresh("one"), issuer, dnsNames: [names.one] }),
  mixed: certificate({ name: fresh("mixed"), issuer, dnsNames: names.mixed }),
  address: certificate({ name: fresh("address"), issuer, dnsNames: [], more: { ipAddresses: [address] } }),
  lost: certificate({ name: fresh("lost"), issuer: issuerOfLost, dnsNames: [names.lost] }),
};
const since = Date.now();

/** All answers that lie in State, by whatever attempt. */
async function answers(): Promise<unknown[]> {
  const asked = new QueryCommand({
    TableName: stack.tables.state,
    KeyConditionExpression: "#n = :n",
    ExpressionAttributeNames: { "#n": "namespace" },
    ExpressionAttributeValues: { ":n": { S: "_http01" } },
    ConsistentRead: true,
  });
  return (await stack.clients.dynamo.send(asked)).Items ?? [];
}

beforeAll(async () => {
  const zoneId = await createZone(stack, zone);
  const set = { Name: `*.${zone}`, Type: "A" as const, TTL: 60, ResourceRecords: [{ Value: "127.0.0.1" }] };
  const ChangeBatch = { Changes: [{ Action: "CREATE" as const, ResourceRecordSet: set }] };
  await stack.route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zoneId, ChangeBatch }));
  await stack.control("setWebAnswer", { host: names.lost, answer: { status: 403, body: "<h1>Forbidden</h1>" } });
  await Promise.all([issuer, issuerOfLost].map((name) => bed.putIssuer({ name, solvers })));
  await bed.put(Object.values(wanted));
});

afterAll(() => stack.control("setWebAnswer", { host: names.lost }));

describe("with real Pebble, which fetches the answers", () => {
  it.concurrent("a name is proven over HTTP: looked at by us, then by the CA, and no TXT record is made", async () => {
    await bed.ready([wanted.one]);
    const secret = await bed.read(wanted.one);
    await stack.verify(secret);
    expect((await leafOf(secret)).names).toEqual([names.one]);
    const reads = await stack.calls({ service: "dynamodb", action: "GetItem", function: "serve-challenge", since });
    // We look once; Pebble looks three times.
    expect(reads.length).toBeGreaterThanOrEqual(4);
  });

  it.concurrent("a name over HTTP and a wildcard over DNS are in one certificate", async () => {
    await bed.ready([wanted.mixed]);
    expect((await leafOf(await bed.read(wanted.mixed))).names.sort()).toEqual([...names.mixed].sort());
    await untilNoTxt(stack, names.mixed);
  });

  it.concurrent("an IP address is proven over HTTP", async () => {
    await bed.ready([wanted.address]);
    const secret = await bed.read(wanted.address);
    await stack.verify(secret);
    expect(new X509Certificate(secret["tls.crt"] ?? "").subjectAltName).toBe(`IP Address:${address}`);
  });

  it.concurrent("a name whose web server leads elsewhere is not shown to the CA, and the status says what was seen; mended, it goes on", async () => {
    const message = await refusedFor(
      { ...bed, shown: (all, until) => bed.shown(all, until, 200_000) },
      wanted.lost,
      "AnswerNotSeen",
    );
    expect(message).toContain(`http://${names.lost}/.well-known/acme-challenge/<token> answered 403 (from 127.0.0.1)`);
    expect(message).toContain("<h1>Forbidden</h1>");
    await stack.control("setWebAnswer", { host: names.lost });
    await bed.ready([wanted.lost], 120_000);
  }, 360_000);
});

describe("afterwards", () => {
  it("no answer is left", async () => {
    for (const end = Date.now() + 20_000; (await answers()).length > 0 && Date.now() < end; ) await sleep(250);
    expect(await answers()).toEqual([]);
  });
});
