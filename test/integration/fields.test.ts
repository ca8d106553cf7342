import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { refusedFor } from "../support/c-issuers.ts";
import { fromCluster, kubectlYaml } from "../support/c-kubectl.ts";
import { requestMade } from "../support/c-requests-made.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright, type Ran } from "../support/integration-cli.ts";
import { leafOf } from "../support/integration-leaf.ts";
import { attemptsOf } from "../support/issuance-counts.ts";

const bed = openBed();
const { stack, fresh, id } = bed;
const namespace = fresh("fields");
const issuer = fresh("fields");
const dnsNameOf = (name: string) => `${name}-${id}.example.test`;

function wanted(name: string, more: Record<string, unknown> = {}): Manifest {
  return certificate({ namespace, name, issuer, dnsNames: [dnsNameOf(name)], more });
}

const subject = { organizations: ["Example"], countries: ["DE"] };
const named = wanted("named", { commonName: dnsNameOf("common"), subject });
const usages = ["digital signature", "client auth", "email protection"];
const used = wanted("used", { usages });
const unencoded = wanted("unencoded", { usages, encodeUsagesInRequest: false });
const template = { annotations: { "example.test/note": "by hand" }, labels: { tier: "edge" } };
const templated = wanted("templated", { secretTemplate: template, commonName: dnsNameOf("templated") });

// The renewal lies between the instant so long before the end and a twentieth of the time up to it earlier.
const hour = 3_600_000;
const lifetimes: [name: string, fields: Record<string, unknown>, beforeEndMs: (lifetimeMs: number) => number][] = [
  ["plain", {}, (lifetime) => lifetime / 3],
  ["before", { renewBefore: "360h" }, () => 360 * hour],
  ["minutes", { duration: "720h0m0s", renewBefore: "4h30m", revisionHistoryLimit: 3 }, () => 4.5 * hour],
  ["percentage", { renewBeforePercentage: 10 }, (lifetime) => lifetime / 10],
  ["too-long", { duration: "8760h", renewBefore: "8000h" }, (lifetime) => lifetime / 3],
];
const timed = lifetimes.map(([name, fields]) => wanted(name, fields));

// What no ACME CA certifies is held back before anything is ordered.
const uncertified: [field: string, value: unknown, message: string][] = [
  ["commonName", "My Server", "If a commonName is set, ACME requires"],
  ["literalSubject", "CN=My Server,O=Example", "If a commonName is set, ACME requires"],
  ["ipAddresses", ["192.0.2.1"], "dns01 cannot prove 192.0.2.1"],
  ["uris", ["spiffe://example.test/web"], "an ACME CA certifies DNS names and IP addresses only"],
  ["emailAddresses", ["ops@example.test"], "an ACME CA certifies DNS names and IP addresses only"],
  ["otherNames", [{ oid: "1.3.6.1.4.1.311.20.2.3", utf8Value: "ops@example.test" }], "an ACME CA certifies DNS names"],
  ["isCA", true, "an ACME CA certifies no other CA"],
];

const ofUncertified = (field: string, value: unknown) => wanted(`asks-${field.toLowerCase()}`, { [field]: value });

let applied: Ran | undefined;

beforeAll(async () => {
  await bed.putIssuer({ name: issuer });
  await bed.put([
    named,
    used,
    unencoded,
    templated,
    ...timed,
    ...uncertified.map(([field, value]) => ofUncertified(field, value)),
  ]);
  const { status: _, ...stored } = fromCluster(wanted("stored"));
  await stack.put(stored);
  applied = await certwright(stack, ["apply", "-f", "-"], kubectlYaml([wanted("printed"), wanted("listed")]));
});

describe("of a Certificate's fields", () => {
  it.concurrent("subject and commonName are the subject, and commonName is one of the names", async () => {
    await bed.ready([named]);
    const names = [dnsNameOf("common"), dnsNameOf("named")];
    const request = await requestMade(stack, named);
    expect(request).toMatch(new RegExp(`Subject: C ?= ?DE, ?O ?= ?Example, ?CN ?= ?${dnsNameOf("common")}\n`));
    for (const name of names) expect(request).toContain(`DNS:${name}`);
    expect(leafOf(await bed.read(named))).toMatchObject({ names });
  });

  it.concurrent("usages are what the CA is asked for, unless encodeUsagesInRequest is false", async () => {
    await bed.ready([used, unencoded]);
    const request = await requestMade(stack, used);
    expect(request).toMatch(/X509v3 Key Usage: critical\n +Digital Signature\n/);
    expect(request).toMatch(/X509v3 Extended Key Usage: *\n +TLS Web Client Authentication, E-mail Protection\n/);
    expect(await requestMade(stack, unencoded)).not.toContain("Key Usage");
  });

  it.concurrent("secretTemplate goes beside cert-manager's annotations into the secret's metadata", async () => {
    await bed.ready([templated]);
    const secret = await bed.read(templated);
    expect(secret.metadata).toEqual({
      annotations: {
        "cert-manager.io/alt-names": dnsNameOf("templated"),
        "cert-manager.io/certificate-name": "templated",
        "cert-manager.io/common-name": leafOf(secret).commonName,
        "cert-manager.io/ip-sans": "",
        "cert-manager.io/issuer-group": "cert-manager.io",
        "cert-manager.io/issuer-kind": "ClusterIssuer",
        "cert-manager.io/issuer-name": issuer,
        "cert-manager.io/uri-sans": "",
        "example.test/note": "by hand",
      },
      labels: { "controller.cert-manager.io/fao": "true", tier: "edge" },
    });
  });

  it.concurrent("duration, renewBefore and renewBeforePercentage say when it renews", async () => {
    await bed.ready(timed);
    const { stdout } = await certwright(stack, ["get", "certificates", "-n", namespace, "-o", "json"]);
    const { items } = JSON.parse(stdout) as { items: { metadata: { name: string }; status: Record<string, string> }[] };
    for (const [name, , beforeEndMs] of lifetimes) {
      const { status = {} } = items.find(({ metadata }) => metadata.name === name) ?? {};
      const [from = 0, end = 0, renewal = 0] = ["notBefore", "notAfter", "renewalTime"].map((time) =>
        Date.parse(status[time] ?? ""),
      );
      const latest = end - beforeEndMs(end - from);
      expect({ name, renewal }).toEqual({ name, renewal: Math.min(renewal, latest) });
      expect(renewal).toBeGreaterThanOrEqual(latest - (latest - from) / 20 - 1_000);
    }
  });
});

describe("what no ACME CA certifies", () => {
  it.concurrent.each(uncertified)(
    "%s is held back with that said, and nothing is ordered",
    async (field, value, why) => {
      const manifest = ofUncertified(field, value);
      const message = await refusedFor(bed, manifest, "InvalidOrder");
      expect(message).toMatch(new RegExp(`^spec\\.${field}: `));
      expect(message).toContain(why);
      expect(await attemptsOf(stack, manifest)).toEqual([]);
    },
  );
});

describe("an object as kubectl prints it", () => {
  it.concurrent("is taken by the command line, and serves", async () => {
    expect(applied).toMatchObject({ code: 0, stdout: "certificate/printed created\ncertificate/listed created\n" });
    await bed.ready([wanted("printed"), wanted("listed")]);
    await stack.verify(await bed.read(wanted("printed")));
  });

  it.concurrent("is taken by put-item with all its metadata, and serves", async () => {
    await bed.ready([wanted("stored")]);
    expect(await stack.certificate({ namespace, name: "stored" })).toMatchObject({ revision: 1, generation: 1 });
  });
});
