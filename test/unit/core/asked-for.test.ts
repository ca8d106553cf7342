import { describe, expect, it } from "vitest";
import { askedFor, changedFields } from "../../../core/asked-for.ts";
import { parseCertificate } from "../../../core/request.ts";
import type { IssuerRow } from "../../../core/rows.ts";
import { goodCertificate } from "../../support/good-objects.ts";

const acme = { spec: { acme: {} } } as IssuerRow;
const ca = { spec: { ca: {} } } as IssuerRow;
const upn = (utf8Value: string) => ({ oid: "1.3.6.1.4.1.311.20.2.3", utf8Value });

function asked(spec: Record<string, unknown>, issuer: IssuerRow | undefined = ca) {
  const parsed = parseCertificate(goodCertificate(spec));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return askedFor(parsed.resource, issuer);
}

const changed = (before: Record<string, unknown>, after: Record<string, unknown>, issuer?: IssuerRow) =>
  changedFields(asked(before, issuer), asked(after, issuer));
const subject = (fields: object) => ({ subject: fields });

describe("a later spec asks for another certificate by", () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["ipAddresses", {}, { ipAddresses: ["192.0.2.7"] }],
    ["uris", { uris: ["a:b"] }, { uris: ["a:c"] }],
    ["emailAddresses", { emailAddresses: ["a@b.de"] }, {}],
    ["otherNames", { otherNames: [upn("a")] }, { otherNames: [upn("b")] }],
    ["dnsNames", {}, { dnsNames: ["a.de"] }],
    ["commonName", {}, { commonName: "My CA" }],
    ["subject.serialNumber", {}, subject({ serialNumber: "7" })],
    ["subject.organizations", subject({ organizations: ["a"] }), subject({ organizations: ["b"] })],
    ["subject.countries", {}, subject({ countries: ["DE"] })],
    ["subject.localities", {}, subject({ localities: ["M"] })],
    ["subject.organizationalUnits", {}, subject({ organizationalUnits: ["x"] })],
    ["subject.postalCodes", {}, subject({ postalCodes: ["80331"] })],
    ["subject.provinces", {}, subject({ provinces: ["BY"] })],
    ["subject.streetAddresses", subject({ streetAddresses: ["a"] }), {}],
    ["literalSubject", { literalSubject: "CN=a,O=b" }, { literalSubject: "CN=a+O=b" }],
    ["literalSubject", { literalSubject: "CN=a" }, { commonName: "b" }],
    ["isCA", {}, { isCA: true }],
    ["usages", {}, { usages: ["server auth"] }],
    ["duration", {}, { duration: "48h" }],
  ])("spec.%s", (field, before, after) => {
    expect(changed(before, after)).toEqual([`spec.${field}`]);
  });

  it("all fields, in cert-manager's order", () => {
    const after = { uris: ["a:b"], ipAddresses: ["192.0.2.7"], commonName: "a", isCA: true, duration: "48h" };
    const fields = ["spec.ipAddresses", "spec.uris", "spec.commonName", "spec.isCA", "spec.duration"];
    expect(changed({}, after)).toEqual(fields);
  });

  it("a common name that moves into dnsNames, unless an ACME CA had it among the names anyway", () => {
    const [before, after] = [
      { commonName: "a.de", dnsNames: ["b.de"] },
      { commonName: "a.de", dnsNames: ["b.de", "a.de"] },
    ];
    expect(changed(before, after, ca)).toEqual(["spec.dnsNames"]);
    expect(changed(before, after, acme)).toEqual([]);
  });
});

describe("a later spec asks for the same certificate", () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["in another order", { uris: ["a:b", "c:d"] }, { uris: ["c:d", "a:b"] }],
    ["with an address written otherwise", { ipAddresses: ["2001:db8::1"] }, { ipAddresses: ["2001:DB8:0::1"] }],
    [
      "with the subject written as a literal one",
      { commonName: "a", ...subject({ organizations: ["b"] }) },
      { literalSubject: "CN=a,O=b" },
    ],
    ["with an empty subject", {}, subject({ organizations: [] })],
    ["with usages that are not encoded", {}, { encodeUsagesInRequest: false }],
    ["with another signature algorithm", {}, { signatureAlgorithm: "SHA512WithRSA" }],
    [
      "with other name constraints, as in cert-manager",
      { isCA: true },
      { isCA: true, nameConstraints: { permitted: { dnsDomains: ["a.de"] } } },
    ],
  ])("%s", (_how, before, after) => {
    expect(changed(before, after)).toEqual([]);
  });

  it("when the row is older than the fields, and holds the common name as a lower-case A-label", () => {
    const before = { ...asked({ commonName: "b\u00fccher.example" }, acme), commonName: "xn--bcher-kva.example" };
    expect(changedFields(before, asked({ commonName: "B\u00fccher.Example" }, acme))).toEqual([]);
  });
});
