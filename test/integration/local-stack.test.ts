import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  ListHostedZonesByNameCommand,
} from "@aws-sdk/client-route-53";
import { beforeAll, describe, expect, it } from "vitest";
import { acme } from "../../adapters/issuers/acme.ts";
import type { AcmeIssuer, Order } from "../../core/acme-port.ts";
import type { DnsChallenge } from "../../core/challenge.ts";
import { newKeyPem } from "../support/acme-bed.ts";
import { listenersOf, withDescendants } from "../support/listeners.ts";
import { connectStack } from "../support/stack.ts";

const stack = connectStack();
let issuer: AcmeIssuer;
let zoneId: string;

beforeAll(async () => {
  issuer = await newIssuer();
  const { HostedZones } = await stack.route53.send(new ListHostedZonesByNameCommand({ DNSName: "example.test" }));
  zoneId = HostedZones?.[0]?.Id?.split("/").at(-1) ?? "";
});

async function newIssuer(): Promise<AcmeIssuer> {
  const { directoryUrl, caCertificate } = stack.facts;
  const config = { server: directoryUrl, caBundle: caCertificate };
  const usual = { clock: { now: () => new Date() }, allowedPrivateHosts: ["127.0.0.1"], userAgent: "certwright-test" };
  const accountKeyPem = await newKeyPem();
  const account = await acme.create(config, { ...usual, accountKeyPem }).registerAccount({});
  return acme.create(config, { ...usual, accountKeyPem, accountUrl: account?.accountUrl ?? "" });
}

const newName = () => `${randomUUID()}.example.test`;

async function changeTxt(action: "CREATE" | "DELETE", { recordName, recordValue }: DnsChallenge): Promise<string> {
  const set = { Name: recordName, Type: "TXT" as const, TTL: 5, ResourceRecords: [{ Value: `"${recordValue}"` }] };
  const changes = { Changes: [{ Action: action, ResourceRecordSet: set }] };
  const sent = new ChangeResourceRecordSetsCommand({ HostedZoneId: zoneId, ChangeBatch: changes });
  return (await stack.route53.send(sent)).ChangeInfo?.Id ?? "";
}

async function statusOf(change: string): Promise<string | undefined> {
  return (await stack.route53.send(new GetChangeCommand({ Id: change }))).ChangeInfo?.Status;
}

/** Orders a name, publishes its record, asks for validation after `wait`; answers what became of the order. */
async function validated(wait: (change: string) => Promise<void>): Promise<Order["status"] | undefined> {
  const order = await issuer.createOrder({ names: [newName()], profile: "default" });
  const [challenge] = await issuer.challenges(order, ["dns-01"]);
  if (!challenge) throw new Error("Pebble offered no dns-01 challenge");
  await wait(await changeTxt("CREATE", challenge));
  await issuer.answer(challenge);
  try {
    for (;;) {
      const now = await issuer.readOrder(order.url);
      if (now?.status !== "pending") return now?.status;
      await sleep(200);
    }
  } finally {
    await changeTxt("DELETE", challenge);
  }
}

describe("the local stack", () => {
  it("listens on 127.0.0.1 only, its Lambda workers too", async () => {
    await stack.sweep();
    const { pids } = await stack.control("facts", {});
    const listeners = listenersOf(pids);
    expect(withDescendants(pids).size).toBeGreaterThan(pids.length);
    // The test clusters are children of the same process.
    expect(listeners.map(({ pid }) => pid)).toEqual(expect.arrayContaining(pids));
    expect(listeners.filter(({ socket }) => !/^(tcp|udp) 127\.0\.0\.1:/.test(socket))).toEqual([]);
  });

  it("shows a change 2 s after Route 53 accepted it, and says INSYNC not before", async () => {
    const challenge = { recordName: `_acme-challenge.${newName()}`, recordValue: "value" } as DnsChallenge;
    const from = performance.now();
    const change = await changeTxt("CREATE", challenge);
    const lookUp = () => stack.control("lookUp", { name: challenge.recordName, type: "TXT" });
    expect([await statusOf(change), (await lookUp()).code]).toEqual(["PENDING", 3]);
    while ((await statusOf(change)) !== "INSYNC") await sleep(50);
    expect(performance.now() - from).toBeGreaterThanOrEqual(1_990);
    expect((await lookUp()).answers).toMatchObject([{ type: "TXT", data: ["value"] }]);
    await changeTxt("DELETE", challenge);
  });

  it("fails a validation that does not wait for that", async () => {
    expect(await validated(async () => undefined)).toBe("invalid");
  });

  it("passes a validation that waits", async () => {
    const untilInSync = async (change: string) => {
      while ((await statusOf(change)) !== "INSYNC") await sleep(100);
    };
    expect(await validated(untilInSync)).toBe("ready");
  });

  it("lets five newOrder requests through at a time, so that Pebble does not hang under many", async () => {
    const issuers = await Promise.all(Array.from({ length: 4 }, newIssuer));
    const orders = Array.from({ length: 40 }, (_, index) =>
      (issuers[index % 4] ?? issuer).createOrder({ names: [newName()], profile: "default" }),
    );
    expect((await Promise.all(orders)).map(({ status }) => status)).toEqual(orders.map(() => "pending"));
    expect(await stack.control("newOrders", {})).toEqual({ inFlight: 0, most: 5 });
  });

  it("records what tests do through the proxy as done by no function, and what Lambdas do under their name", async () => {
    const since = Date.now();
    await statusOf(await changeTxt("CREATE", { recordName: `x.${newName()}`, recordValue: "x" } as DnsChallenge));
    await stack.sweep();
    expect(await stack.count({ service: "route53", function: "none", since })).toBe(2);
    expect(await stack.count({ service: "dynamodb", function: "sweep", action: "Query", since })).toBeGreaterThan(0);
    expect(await stack.count({ service: "dynamodb", function: "none", since })).toBe(0);
  });
});
