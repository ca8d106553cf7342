import { describe, expect, it } from "vitest";
import { openTexts } from "../../../core/map-text.ts";
import { idOf } from "../../../core/resource.ts";
import { badObjects } from "../../support/bad-objects.ts";
import { goodCertificate, goodIssuer } from "../../support/good-objects.ts";
import { parseRequest } from "../../support/parse.ts";

await openTexts("a text");

function faultsOf(object: Parameters<typeof parseRequest>[0]) {
  const parsed = parseRequest(object);
  return parsed.ok ? [] : parsed.faults;
}

describe("an object that breaks a rule", () => {
  it.each(badObjects)("$rule", ({ object, path, message, faults }) => {
    const found = faultsOf(object);
    expect(found.map((fault) => ({ path: fault.path, message: fault.message }))).toContainEqual({ path, message });
    expect(found).toHaveLength(faults ?? 1);
  });

  it("always reads a cure that the text around it can go on from", () => {
    for (const { object } of badObjects) {
      for (const { fix } of faultsOf(object)) expect(fix).toMatch(/^[a-z].{5,}[^.]$/s);
    }
  });

  it("is one of at least 100 distinct rules", () => {
    expect(new Set(badObjects.map(({ rule }) => rule)).size).toBe(badObjects.length);
    expect(badObjects.length).toBeGreaterThanOrEqual(100);
  });

  it("is bad by its rule only: what the table builds on has no fault", () => {
    expect(faultsOf(goodCertificate())).toEqual([]);
    expect(faultsOf(goodIssuer())).toEqual([]);
    expect(faultsOf(goodIssuer({}, "Issuer"))).toEqual([]);
  });

  it("has all its faults reported at once", () => {
    const paths = faultsOf(
      goodCertificate(
        { secretName: "A", duration: "5m", isCA: "yes", colour: 1, usages: ["x"] },
        { labels: { a: "!" } },
      ),
    ).map(({ path }) => path);
    expect(paths.sort()).toEqual([
      "metadata.labels",
      "spec.colour",
      "spec.duration",
      "spec.isCA",
      "spec.secretName",
      "spec.usages[0]",
    ]);
  });

  it("has at most fifty faults reported", () => {
    const fields = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`unknown${index}`, 1]));
    expect(faultsOf(goodCertificate(fields))).toHaveLength(50);
  });

  it("is told the field it may have meant", () => {
    expect(faultsOf(goodCertificate({ dnsName: ["a.de"] }))[0]?.fix).toBe("did you mean dnsNames?");
    expect(faultsOf(goodCertificate({ usages: ["server auht"] }))[0]?.fix).toBe("write server auth");
  });

  it("keeps its id whatever is wrong with it", () => {
    expect(new Set(badObjects.filter(({ inKey }) => !inKey).map(({ object }) => idOf(object.key))).size).toBe(3);
  });
});

describe("a secret in the wrong place is never shown", () => {
  const secret = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
  const pem = `-----BEGIN ${"PRIVATE"} KEY-----\n${secret}\n-----END ${"PRIVATE"} KEY-----\n`;

  it.each([
    ["a PEM key as secretName", goodCertificate({ secretName: pem })],
    ["a PEM key as common name", goodCertificate({ commonName: pem })],
    ["an HMAC as secretRef", goodIssuer({ externalAccountBinding: { keyID: "k", keySecretRef: secret } })],
    [
      "an HMAC as secret name",
      goodIssuer({ externalAccountBinding: { keyID: "k", keySecretRef: { name: secret, key: "k" } } }),
    ],
    [
      "an HMAC as secret key",
      goodIssuer({ externalAccountBinding: { keyID: "k", keySecretRef: { name: "e", key: `${secret}=` } } }),
    ],
    [
      "an access key",
      goodIssuer({ solvers: [{ dns01: { route53: { secretAccessKey: secret, accessKeyID: secret } } }] }),
    ],
    ["a password in a URL", goodIssuer({ server: `https://user:${secret}@acme.example.com` })],
    ["a PEM key as CA bundle", goodIssuer({ caBundle: pem })],
    ["a PEM key as spec", { ...goodCertificate(), spec: pem }],
    ["a key in broken YAML", { ...goodCertificate(), spec: `password: "${secret}\nx: [` }],
    ["an HMAC as YAML tag", { ...goodCertificate(), spec: `a: !${secret} x\nb: *${secret}` }],
  ])("%s", (_, object) => {
    const parsed = parseRequest(object);
    expect(parsed.ok).toBe(false);
    expect(JSON.stringify(parsed)).not.toContain(secret.slice(0, 20));
  });
});
