import type { RRType } from "@aws-sdk/client-route-53";
import { ChangeResourceRecordSetsCommand } from "@aws-sdk/client-route-53";
import { beforeAll, describe, expect, it } from "vitest";
import { accountOf, refusedFor } from "../support/c-issuers.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { createZone, zoneNamed } from "../support/integration-dns.ts";

/**
 * The strategies of docs/dns01.md with the real pipeline, Pebble and the DNS server that answers from Route 53. The emulator
 * takes a TXT beside a CNAME: that rule is held by the strict fake (test/unit/adapters/dns/route53).
 */

const bed = openBed();
const { stack, fresh, id } = bed;
const issuers = { follow: fresh("follow"), plain: fresh("plain"), seen: fresh("seen"), persist: fresh("persist") };
const host = (name: string) => `${name}-${id}.example.test`;
const validation = `validation-${id}.test`;
const twice = `twice-${id}.test`;
const zones = { example: "", validation: "", newer: "" };

/** Resolves when the world sees it. */
async function put(zoneId: string, Name: string, Type: RRType, ...values: string[]): Promise<void> {
  const ResourceRecordSet = { Name, Type, TTL: 5, ResourceRecords: values.map((Value) => ({ Value })) };
  const Changes = [{ Action: "UPSERT" as const, ResourceRecordSet }];
  await stack.route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zoneId, ChangeBatch: { Changes } }));
  const shown = async () => await stack.control("records", { which: "shown" });
  const isThere = async () =>
    (await shown()).some((set) => set.name === Name && set.type === Type && set.values[0] === values[0]);
  await expect.poll(isThere, { timeout: 30_000 }).toBe(true);
}

const wanted = (name: string, issuer: string, dnsNames = [host(name)]) =>
  certificate({ name: fresh(name), namespace: fresh("dns01"), issuer, dnsNames });

beforeAll(async () => {
  zones.example = await zoneNamed(stack, "example.test");
  zones.validation = await createZone(stack, validation);
  await createZone(stack, twice);
  zones.newer = await createZone(stack, twice);
  const route53 = { region: "us-east-1" };
  await bed.putIssuer({ name: issuers.follow, solvers: [{ dns01: { route53, cnameStrategy: "Follow" } }] });
  await bed.putIssuer({ name: issuers.plain, solvers: [{ dns01: { route53 } }] });
  const persisting = bed.issuer({ name: issuers.persist, solvers: [{ dns01: { route53 } }] });
  const annotations = { "certwright.dev/rate-limits": '{"executions":"off"}', "certwright.dev/dns-persist-01": "true" };
  const manifest = { ...persisting, metadata: { ...persisting.metadata, annotations } };
  await bed.put([manifest]);
  await bed.ready([manifest]);
  const nameservers = [stack.facts.dnsServer];
  await bed.putIssuer({ name: issuers.seen, solvers: [{ dns01: { route53, nameservers } }] });
});

describe("DNS01", () => {
  it("writes into a validation zone, over two CNAMEs, and leaves nothing there", async () => {
    // Of a name that the installation may write in any zone; no zone for validation is listed here.
    const end = `_acme-challenge.end-${id}.${validation}`;
    await put(zones.example, `_acme-challenge.${host("follow")}`, "CNAME", `hop-${id}.${validation}.`);
    await put(zones.validation, `hop-${id}.${validation}`, "CNAME", `${end}.`);
    const since = Date.now();
    const manifest = wanted("follow", issuers.follow, [host("follow"), `*.${host("follow")}`]);
    await bed.put([manifest]);
    await bed.ready([manifest]);
    const change = { action: "ChangeResourceRecordSets", contains: end, since };
    expect(await stack.count({ ...change, function: "publish-challenge" })).toBeGreaterThan(0);
    expect(
      await stack.count({ ...change, contains: `_acme-challenge.${host("follow")}`, function: "publish-challenge" }),
    ).toBe(0);
    await expect
      .poll(async () => (await stack.txtRecords()).filter(({ name }) => name === end), { timeout: 30_000 })
      .toEqual([]);
  });

  it("names a circle of CNAMEs", async () => {
    const [one, two] = [`_acme-challenge.${host("circle")}`, `circle-${id}.${validation}`];
    await put(zones.example, one, "CNAME", `${two}.`);
    await put(zones.validation, two, "CNAME", `${one}.`);
    const manifest = wanted("circle", issuers.follow);
    await bed.put([manifest]);
    expect(await refusedFor(bed, manifest, "CnameLoop")).toContain(`${one} -> ${two} -> ${one}`);
  });

  it("orders nothing while CAA forbids it, and names the record", async () => {
    const name = host("caa");
    await put(zones.example, name, "CAA", '0 issue "other.test"');
    const since = Date.now();
    const manifest = wanted("caa", issuers.plain, [`a.${name}`]);
    await bed.put([manifest]);
    const message = await refusedFor(bed, manifest, "CAAForbids");
    expect(message).toContain(`${name} CAA 0 issue "other.test" allows other.test only`);
    expect(await stack.count({ service: "acme", action: "newOrder", contains: name, since })).toBe(0);
  });

  it("obeys accounturi and validationmethods", async () => {
    const { accountUrl } = await accountOf(stack, bed.issuer({ name: issuers.plain }));
    const ours = `pebble.letsencrypt.org; validationmethods=dns-01; accounturi=${accountUrl}`;
    await put(zones.example, host("ours"), "CAA", `0 issue "${ours}"`);
    await put(zones.example, host("theirs"), "CAA", `0 issue "${ours}0"`);
    const [mine, theirs] = [wanted("ours", issuers.plain), wanted("theirs", issuers.plain)];
    await bed.put([mine, theirs]);
    await bed.ready([mine]);
    expect(await refusedFor(bed, theirs, "CAAForbids")).toContain("allows another account only");
  });

  it("tells two zones of one name apart by the name servers that the world is sent to", async () => {
    const ambiguous = wanted("both", issuers.plain, [`both.${twice}`]);
    await bed.put([ambiguous]);
    expect(await refusedFor(bed, ambiguous, "HostedZoneAmbiguous")).toContain(zones.newer);
    await put(zones.newer, twice, "NS", "ns-9.elsewhere.test.");
    const manifest = wanted("one", issuers.plain, [`one.${twice}`]);
    await bed.put([manifest]);
    await bed.ready([manifest]);
  });

  it("goes on when the solver's nameservers see the record", async () => {
    const manifest = wanted("seen", issuers.seen);
    await bed.put([manifest]);
    await bed.ready([manifest]);
  });

  it("is proven by a record that stays, and no second order writes it again", async () => {
    const manifest = wanted("persist", issuers.persist, [host("persist"), `*.${host("persist")}`]);
    await bed.put([manifest]);
    await bed.ready([manifest]);
    const at = `_validation-persist.${host("persist")}`;
    const { accountUrl } = await accountOf(stack, bed.issuer({ name: issuers.persist }));
    const record = async () =>
      (await stack.txtRecords()).filter(({ name }) => name === at).flatMap(({ values }) => values);
    const value = `pebble.letsencrypt.org; accounturi=${accountUrl}`;
    expect((await record()).sort()).toEqual([`"${value}"`, `"${value}; policy=wildcard"`]);
    const since = Date.now();
    const again = wanted("again", issuers.persist, [`*.${host("persist")}`]);
    await bed.put([again]);
    await bed.ready([again]);
    expect(await stack.count({ action: "ChangeResourceRecordSets", contains: at, since })).toBe(0);
    expect(await record()).toHaveLength(2);
  });
});
