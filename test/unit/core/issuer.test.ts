import { describe, expect, it } from "vitest";
import type { IssuerSpec } from "../../../core/issuer.ts";
import { goodIssuer, stored } from "../../support/good-objects.ts";
import { parseIssuer } from "../../support/parse.ts";
import { leafPem, rootPem } from "./openssl-certificates.ts";

function specOf(acme: Record<string, unknown> = {}, metadata?: unknown): IssuerSpec {
  const parsed = parseIssuer(goodIssuer(acme, "ClusterIssuer", metadata));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.resource.spec;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("an Issuer that signs at once", () => {
  const read = (spec: unknown) => {
    const parsed = parseIssuer(stored("Issuer", spec));
    return parsed.ok ? parsed.resource.spec : parsed.faults;
  };

  it("is read with everything set, and with nothing", () => {
    const urls = {
      crlDistributionPoints: ["http://crl.example.test/ca.crl"],
      ocspServers: ["http://ocsp.example.test"],
      issuingCertificateURLs: ["http://pki.example.test/ca.crt"],
    };
    expect(read({ ca: { secretName: "root-ca", ...urls } })).toEqual({ ca: { secretName: "root-ca", ...urls } });
    const none = { crlDistributionPoints: [], ocspServers: [], issuingCertificateURLs: [] };
    expect(read({ ca: { secretName: "root-ca" } })).toEqual({ ca: { secretName: "root-ca", ...none } });
    expect(read({ selfSigned: {} })).toEqual({ selfSigned: { crlDistributionPoints: [] } });
  });
});

describe("an Issuer", () => {
  it("gets cert-manager's defaults", () => {
    expect(specOf({ solvers: [{ dns01: { route53: {} } }] })).toEqual({
      acme: {
        server: "https://acme.example.com/directory",
        privateKeySecretRef: { name: "le-account", key: "tls.key" },
        disableAccountKeyGeneration: false,
        skipTLSVerify: false,
        solvers: [{ dns01: { route53: {} } }],
      },
    });
  });

  it.each<[string, object]>([
    ["an ingress", { ingress: {} }],
    [
      "an ingress with all that a cluster needs",
      {
        ingress: {
          serviceType: "ClusterIP",
          ingressClassName: "nginx",
          podTemplate: { metadata: { labels: { team: "web" } }, spec: { nodeSelector: { pool: "edge" } } },
          ingressTemplate: {
            metadata: { annotations: { "nginx.ingress.kubernetes.io/whitelist-source-range": "0.0.0.0/0" } },
          },
        },
      },
    ],
    ["an ingress edited in place", { ingress: { name: "web", serviceType: "NodePort" } }],
    ["an ingress of an old class", { ingress: { class: "azure/application-gateway" } }],
    [
      "a gateway",
      { gatewayHTTPRoute: { labels: { team: "web" }, parentRefs: [{ name: "edge", namespace: "infra" }] } },
    ],
    ["our function", { lambda: {} }],
  ])("takes HTTP01 by %s, and what only a cluster needs makes no difference", (_, http01) => {
    const selector = { dnsZones: ["example.com"] };
    expect(specOf({ solvers: [{ selector, http01 }] }).acme?.solvers).toEqual([
      { selector: { matchLabels: {}, dnsNames: [], dnsZones: ["example.com"] }, http01: {} },
    ]);
  });

  it("is read with everything set", () => {
    const acme = {
      server: "https://127.0.0.1:14000/dir",
      email: "ops@example.com",
      privateKeySecretRef: { name: "account", key: "key.pem" },
      disableAccountKeyGeneration: true,
      externalAccountBinding: { keyID: "kid", keySecretRef: { name: "eab", key: "hmac" }, keyAlgorithm: "HS256" },
      skipTLSVerify: true,
      profile: "two-minutes",
      preferredChain: "",
      enableDurationFeature: false,
      renewalInformationSource: "ARI",
      solvers: [
        {
          selector: { matchLabels: { team: "web" }, dnsNames: ["M\u00fcnchen.de"], dnsZones: ["Example.com."] },
          dns01: {
            cnameStrategy: "None",
            nameservers: [],
            route53: {
              region: "us-gov-west-1",
              hostedZoneID: "/hostedzone/Z0123456789",
              role: "arn:aws-us-gov:iam::123456789012:role/teams/certwright-dns",
              accessKeyID: "",
              secretAccessKeySecretRef: { name: "" },
            },
          },
        },
      ],
    };
    expect(specOf(acme).acme).toEqual({
      server: acme.server,
      email: acme.email,
      privateKeySecretRef: acme.privateKeySecretRef,
      disableAccountKeyGeneration: true,
      externalAccountBinding: { keyId: "kid", keySecretRef: { name: "eab", key: "hmac" } },
      skipTLSVerify: true,
      profile: "two-minutes",
      renewalInformationSource: "ARI",
      solvers: [
        {
          selector: { matchLabels: { team: "web" }, dnsNames: ["xn--mnchen-3ya.de"], dnsZones: ["example.com"] },
          dns01: {
            route53: {
              region: "us-gov-west-1",
              hostedZoneID: "Z0123456789",
              role: "arn:aws-us-gov:iam::123456789012:role/teams/certwright-dns",
            },
          },
        },
      ],
    });
  });

  it("has a solver's strategies", () => {
    const nameservers = ["8.8.8.8:53", "dns.test", "[2001:db8::1]:53", "https://dns.test:8443/dns-query"];
    const dns01 = {
      route53: { role: "arn:aws:iam::123456789012:role/certwright-dns" },
      cnameStrategy: "Follow",
      nameservers,
    };
    const [solver] = specOf({ solvers: [{ dns01, waitInsteadOfSelfCheck: "1m30s" }] }).acme?.solvers ?? [];
    expect(solver).toEqual({
      dns01: { route53: dns01.route53 },
      follow: true,
      nameservers,
      waitInsteadOfSelfCheckSeconds: 90,
    });
  });

  it.each<[string, string]>([
    ["in base64", base64(rootPem)],
    ["in base64 of many lines", base64(rootPem).replace(/.{60}/g, "$&\n")],
    ["beside something unreadable", base64(`${rootPem.replace(/MII/, "AAA")}\n# note\n${rootPem}`)],
  ])("has its caBundle %s as PEM text", (_, caBundle) => {
    expect(specOf({ caBundle }).acme?.caBundle).toBe(rootPem);
  });

  it("may trust several certificates", () => {
    expect(specOf({ caBundle: base64(rootPem + leafPem) }).acme?.caBundle).toBe(rootPem + leafPem);
  });

  it("has no key in its spec though the bundle had one", () => {
    const bundle = `${rootPem}-----BEGIN ${"PRIVATE"} KEY-----\nAAAA\n-----END ${"PRIVATE"} KEY-----\n`;
    expect(JSON.stringify(specOf({ caBundle: base64(bundle) }))).not.toContain("KEY");
  });

  it("survives being written as JSON", () => {
    const spec = specOf({ caBundle: base64(rootPem) });
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
  });
});

describe("rate limits", () => {
  const limited = (limits: unknown) =>
    specOf({}, { annotations: { "certwright.dev/rate-limits": JSON.stringify(limits) } }).rateLimits;

  it("are read as written", () => {
    const limits = {
      newOrders: { capacity: 300, refillSeconds: 36 },
      certificatesPerDomain: "off",
      identifierSets: { capacity: 5, refillSeconds: 122_400 },
      executions: "off",
      ordersInFlight: { capacity: 5, refillSeconds: 60 },
    };
    expect(limited(limits)).toEqual(limits);
  });

  it("of orders in flight come back slowly unless said", () => {
    expect(limited({ ordersInFlight: { capacity: 1000 } })).toEqual({
      ordersInFlight: { capacity: 1000, refillSeconds: 10 },
    });
  });

  it("may be none", () => {
    expect(limited({})).toEqual({});
    expect(specOf().rateLimits).toBeUndefined();
  });
});

describe("the annotations of an ACME issuer", () => {
  const optionsOf = (annotations: Record<string, string>) => specOf({}, { annotations }).options;

  it("ask for an algorithm, a new key, the end of an account and a staging issuer", () => {
    expect(
      optionsOf({
        "certwright.dev/account-key-algorithm": "ECDSA",
        "certwright.dev/rotate-account-key-requested-at": "2026-11-22T19:00:00Z",
        "certwright.dev/deactivate-account": "https://ca.test/account/1",
        "certwright.dev/staging-issuer": "letsencrypt-staging",
      }),
    ).toEqual({
      accountKeyAlgorithm: "ECDSA",
      rotateAccountKeyRequestedAt: "2026-11-22T19:00:00Z",
      deactivateAccount: "https://ca.test/account/1",
      stagingIssuer: "letsencrypt-staging",
    });
    expect(optionsOf({})).toBeUndefined();
  });

  it.each([
    ["account-key-algorithm", "Ed25519", 'Unsupported value: "Ed25519": supported values: "RSA", "ECDSA"'],
    ["rotate-account-key-requested-at", "now", 'Invalid value: "now": must be an RFC 3339 time'],
    ["deactivate-account", "yes", 'Invalid value: "yes": must be the URL of the account to close'],
    ["staging-issuer", "../other", expect.stringContaining('Invalid value: "../other"')],
  ])("of %s may not be %s", (name, value, message) => {
    const annotations = { [`certwright.dev/${name}`]: value };
    const parsed = parseIssuer(goodIssuer({}, "ClusterIssuer", { annotations }));
    const path = `metadata.annotations[certwright.dev/${name}]`;
    expect(parsed.ok ? [] : parsed.faults).toEqual([{ path, message, fix: expect.any(String) }]);
  });

  it("are for ACME issuers only", () => {
    const metadata = { annotations: { "certwright.dev/staging-issuer": "x" } };
    const issuer = { ...goodIssuer({}, "ClusterIssuer", metadata), spec: { selfSigned: {} } };
    const parsed = parseIssuer(issuer);
    const faults = parsed.ok ? [] : parsed.faults.map(({ message }) => message);
    expect(faults).toContain("Forbidden: only for an issuer with spec.acme");
  });
});
