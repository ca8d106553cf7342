import { describe, expect, it } from "vitest";
import type { CertificateSpec } from "../../../core/certificate.ts";
import { orderNames } from "../../../core/certificate-names.ts";
import { parseCertificate } from "../../../core/request.ts";
import { goodCertificate } from "../../support/good-objects.ts";

function specOf(spec: Record<string, unknown> = {}, annotations?: Record<string, string>): CertificateSpec {
  const parsed = parseCertificate(goodCertificate(spec, annotations && { annotations }));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.resource.spec;
}

describe("a Certificate", () => {
  it("gets cert-manager's defaults", () => {
    expect(specOf()).toEqual({
      secretName: "www-tls",
      dnsNames: ["www.example.com"],
      durationSeconds: 7_776_000,
      durationIsDefault: true,
      usages: ["digital signature", "key encipherment"],
      encodeUsagesInRequest: true,
      privateKey: { algorithm: "RSA", size: 2048, encoding: "PKCS1", rotationPolicy: "Always" },
      issuerRef: { name: "le", kind: "Issuer", group: "cert-manager.io" },
      secretTemplate: { annotations: {}, labels: {} },
      additionalOutputFormats: [],
      revisionHistoryLimit: 1,
      options: {},
    });
  });

  it("is read with everything set", () => {
    const spec = {
      secretName: "a.b-c",
      commonName: "Www.Example.com",
      dnsNames: ["*.example.com"],
      duration: "2160h0m0s",
      renewBefore: "360h",
      usages: ["server auth", "client auth", "server auth"],
      encodeUsagesInRequest: false,
      privateKey: { algorithm: "ECDSA", size: 521, encoding: "PKCS8", rotationPolicy: "Never" },
      issuerRef: { name: "le", kind: "ClusterIssuer", group: "certwright.dev" },
      secretTemplate: {
        annotations: { "cert-manager.io/allow-direct-injection": "true", note: "x" },
        labels: { "example.com/team": "web", empty: "" },
      },
      revisionHistoryLimit: 3,
    };
    expect(specOf(spec)).toEqual({
      ...spec,
      duration: undefined,
      durationSeconds: 7_776_000,
      renewBefore: undefined,
      renewBeforeSeconds: 1_296_000,
      usages: ["server auth", "client auth"],
      additionalOutputFormats: [],
      options: {},
    });
  });

  it.each<[string, Record<string, unknown>, Partial<CertificateSpec>]>([
    ["names may have underscores, for private CAs", { dnsNames: ["_x.My_App.svc"] }, { dnsNames: ["_x.my_app.svc"] }],
    ["U-labels become A-labels", { dnsNames: ["m\u00fcnchen.de"] }, { dnsNames: ["xn--mnchen-3ya.de"] }],
    [
      "a name counts once, in the order written",
      { dnsNames: ["b.de", "A.de", "a.de", "M\u00dcNCHEN.de", "xn--mnchen-3ya.de"] },
      { dnsNames: ["b.de", "a.de", "xn--mnchen-3ya.de"] },
    ],
    ["63 octets fit into a label", { dnsNames: [`${"a".repeat(63)}.de`] }, { dnsNames: [`${"a".repeat(63)}.de`] }],
    ["a common name is enough", { dnsNames: undefined, commonName: "a.de" }, { dnsNames: [], commonName: "a.de" }],
    ["a common name may be 64 long", { commonName: `${"a".repeat(60)}.com` }, { commonName: `${"a".repeat(60)}.com` }],
    ["an hour is enough", { duration: "1h" }, { durationSeconds: 3_600 }],
    ["five minutes are enough", { duration: "1h", renewBefore: "5m" }, { renewBeforeSeconds: 300 }],
    ["a percentage is kept", { renewBeforePercentage: 25 }, { renewBeforePercentage: 25 }],
    [
      "ECDSA has 256 bits",
      { privateKey: { algorithm: "ECDSA" } },
      { privateKey: { algorithm: "ECDSA", size: 256, encoding: "PKCS1", rotationPolicy: "Always" } },
    ],
    [
      "Ed25519 has no size, whatever is written",
      { privateKey: { algorithm: "Ed25519", size: 17 } },
      { privateKey: { algorithm: "Ed25519", encoding: "PKCS1", rotationPolicy: "Always" } },
    ],
    [
      "size 0 is no size",
      { privateKey: { size: 0, algorithm: "" } },
      { privateKey: { algorithm: "RSA", size: 2048, encoding: "PKCS1", rotationPolicy: "Always" } },
    ],
    [
      "an RSA key may have 8192 bits",
      { privateKey: { size: 8192 } },
      { privateKey: { algorithm: "RSA", size: 8192, encoding: "PKCS1", rotationPolicy: "Always" } },
    ],
  ])("%s", (_, spec, expected) => {
    expect(specOf(spec)).toMatchObject(expected);
  });

  it("has IP addresses in one form each, however they were written, and each once", () => {
    const written = ["192.0.2.1", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"];
    expect(specOf({ ipAddresses: written }).ipAddresses).toEqual(["192.0.2.1", "2001:db8::1"]);
  });

  it.each<[string, Record<string, string>, CertificateSpec["options"]]>([
    ["a store", { "certwright.dev/store": "s3" }, { store: "s3" }],
    [
      "deletion, with Secrets Manager's own window",
      { "certwright.dev/deletion-policy": "delete" },
      { deleteSecret: { recoveryDays: 30 } },
    ],
    [
      "deletion with a window",
      { "certwright.dev/deletion-policy": "delete", "certwright.dev/recovery-window-days": "7" },
      { deleteSecret: { recoveryDays: 7 } },
    ],
    [
      "a window but no deletion",
      { "certwright.dev/deletion-policy": "retain", "certwright.dev/recovery-window-days": "7" },
      {},
    ],
    [
      "a renewal",
      { "certwright.dev/renew-requested-at": "2026-11-22T19:00:00.5+01:00" },
      { renewRequestedAt: "2026-11-22T19:00:00.5+01:00" },
    ],
    [
      "nothing by others' annotations",
      { "example.com/x": "1", "cert-manager.io/issue-temporary-certificate": "false" },
      {},
    ],
  ])("asks for %s", (_, annotations, options) => {
    expect(specOf({}, annotations).options).toEqual(options);
  });
});

describe("zero values of later fields change nothing", () => {
  it.each<[string, Record<string, unknown>]>([
    ["isCA: false", { isCA: false }],
    ["empty lists", { ipAddresses: [], uris: [], emailAddresses: [], otherNames: [], additionalOutputFormats: [] }],
    [
      "nulls",
      { subject: null, keystores: null, nameConstraints: null, renewal: null, commonName: null, privateKey: null },
    ],
    ["empty texts", { literalSubject: "", signatureAlgorithm: "", commonName: "" }],
    ["empty maps", { subject: {}, keystores: {}, secretTemplate: {}, privateKey: {} }],
    ["maps of zero values", { subject: { organizations: [], serialNumber: "" }, keystores: {} }],
    ["the default policy of renewal", { renewal: { policy: "RenewBefore" } }],
    ["no windows", { renewal: { windows: [] } }],
    ["a null issuerRef.kind", { issuerRef: { name: "le", kind: null, group: "" } }],
  ])("%s", (_, spec) => {
    expect(specOf(spec)).toEqual(specOf());
  });

  it("but not deeper than any field goes", () => {
    const deep = { a: { b: { c: { d: { e: {} } } } } };
    expect(() => specOf({ subject: deep })).toThrow("spec.subject");
  });
});

describe("orderNames", () => {
  it.each<[string, string | undefined, string[], string[]]>([
    ["dnsNames without a common name", undefined, ["a.de", "*.a.de"], ["a.de", "*.a.de"]],
    ["a common name that is one of them, once", "a.de", ["b.de", "a.de"], ["b.de", "a.de"]],
    ["a common name that is not", "a.de", ["b.de"], ["b.de", "a.de"]],
    ["a common name alone", "a.de", [], ["a.de"]],
    ["the A-label of a common name", "M\u00fcnchen.DE", ["b.de"], ["b.de", "xn--mnchen-3ya.de"]],
    ["dnsNames beside a common name that is no DNS name", "My CA", ["b.de"], ["b.de"]],
  ])("gives %s", (_, commonName, dnsNames, names) => {
    expect(orderNames(commonName === undefined ? { dnsNames } : { commonName, dnsNames })).toEqual(names);
  });
});

describe("the renewal of a Certificate", () => {
  it("has windows, in UTC unless they name a zone", () => {
    const windows = [
      { cron: "0 2 * * sat", windowDuration: "1h30m" },
      { cron: "0 3 1 * ?", windowDuration: "0.5h", timezone: "Europe/Berlin" },
    ];
    expect(specOf({ renewal: { policy: "RenewBefore", windows } }).renewal).toEqual({
      policy: "RenewBefore",
      windows: [
        { cron: "0 2 * * sat", durationSeconds: 5_400, timezone: "UTC" },
        { cron: "0 3 1 * ?", durationSeconds: 1_800, timezone: "Europe/Berlin" },
      ],
    });
    expect(specOf({ renewal: { policy: "RenewBefore", windows } }).renewal).toEqual(
      specOf({ renewal: { windows } }).renewal,
    );
  });

  it("may be disabled", () => {
    expect(specOf({ renewal: { policy: "Disabled" } }).renewal).toEqual({ policy: "Disabled", windows: [] });
  });
});
