import type { Challenge } from "../../core/challenge.ts";
import type { ResourceKey } from "../../core/resource.ts";
import type { AttemptRef, AttemptRow, CertificateRow, CsrItem, IssuerRow } from "../../core/rows.ts";

const hour = 3_600_000;
const hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
/** 2026-11-22T19:00:00Z. */
export const noon = Date.UTC(2026, 10, 22, 19);

/** Any Certificate of a tenant. */
export function certificateKey(name = "www", namespace = "web"): ResourceKey {
  return { namespace, kind: "Certificate", name };
}

/** A Certificate that was just put: nothing is known of it. */
export function newCertificate(changes: Partial<CertificateRow> = {}): CertificateRow {
  return {
    key: certificateKey(),
    schema: 1,
    version: 0,
    generation: 1,
    specHash: "n4bQgYhMfWWaL-qgxVrQFa",
    ready: {
      type: "Ready",
      status: "False",
      reason: "DoesNotExist",
      message: "Issuing certificate as Secret does not exist",
      lastTransitionTime: "2026-11-22T19:00:00Z",
      observedGeneration: 1,
    },
    ...changes,
  };
}

/** A Certificate in the middle of its renewal: the largest that an ordinary row becomes. */
export function renewingCertificate(changes: Partial<CertificateRow> = {}): CertificateRow {
  return newCertificate({
    key: certificateKey("www-example-com", "team-storefront"),
    version: 17,
    generation: 3,
    issuer: "_cluster/ClusterIssuer/letsencrypt",
    ready: {
      type: "Ready",
      status: "True",
      reason: "Ready",
      message: "Certificate is up to date and has not expired",
      lastTransitionTime: "2026-11-22T19:00:00Z",
      observedGeneration: 3,
    },
    issuing: {
      type: "Issuing",
      status: "True",
      reason: "Renewing",
      message: "renewing certificate as renewal was scheduled at 2026-11-22T19:00:00Z",
      lastTransitionTime: "2026-11-22T19:00:00Z",
      observedGeneration: 3,
    },
    revision: 12,
    issued: {
      specHash: "n4bQgYhMfWWaL-qgxVrQFa",
      attemptId: "0b51ff90-5d6e-4c3c-9c1b-6f6a6a0a3c11",
      secretName: "www-example-com-tls",
      store: "secretsManager",
      secretArn:
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:certwright/team-storefront/www-example-com-tls-a1B2c3",
      versionId: "0b51ff90-5d6e-4c3c-9c1b-6f6a6a0a3c11",
      notBefore: noon - 1_440 * hour,
      notAfter: noon + 720 * hour,
      renewalTime: noon,
      fingerprint: hex,
    },
    recentIssuances: [noon - 1_440 * hour],
    attempt: {
      id: "d3b07384-d113-4ec4-8e8e-0e1f0c5e9a77",
      leaseId: "6f1ed002-ab5c-4595-a0e0-9b5ce7a3b7f4",
      executionArn:
        "arn:aws:states:eu-central-1:123456789012:execution:certwright-issue-certificates:6f1ed002-ab5c-4595-a0e0-9b5ce7a3b7f4",
    },
    dueAt: noon + hour / 4,
    lane: "renew",
    ...changes,
  });
}

/** A Certificate that works, and whose CA is asked when to renew it. */
export function askedCertificate(changes: Partial<CertificateRow> = {}): CertificateRow {
  const { attempt: _a, issuing: _i, ...row } = renewingCertificate();
  const window = { start: noon - 12 * hour, end: noon + 12 * hour, chosenAt: noon + hour };
  const certId = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.BQAAAAAAAAAAAAAAAAAAAAAA";
  const explanationUrl = "https://letsencrypt.org/incidents/2026-11-22-revocation";
  const ari = {
    certId,
    window,
    explanationUrl,
    checkedAt: noon - 6 * hour,
    nextCheckAt: noon,
    latest: noon + 360 * hour,
  };
  return { ...row, ari, dueAt: noon, lane: "new", ...changes };
}

/** A Certificate that works, and whose CA's revocation list could not be read. */
export function listedCertificate(changes: Partial<CertificateRow> = {}): CertificateRow {
  const { ari: _, ...row } = askedCertificate();
  const lastError =
    "ListUnavailable: http://crl.example.com/2026/intermediate-with-a-long-name-r11.crl: did not answer in time";
  return { ...row, crl: { nextCheckAt: noon, checkedAt: noon - 24 * hour, failures: 4, lastError }, ...changes };
}

/** A ClusterIssuer that was just accepted. */
export function newIssuer(changes: Partial<IssuerRow> = {}): IssuerRow {
  return {
    key: { namespace: "_cluster", kind: "ClusterIssuer", name: "letsencrypt" },
    schema: 1,
    version: 0,
    generation: 1,
    specHash: "n4bQgYhMfWWaL-qgxVrQFa",
    ready: {
      type: "Ready",
      status: "True",
      reason: "ACMEAccountRegistered",
      message: "The ACME account was registered with the ACME server",
      lastTransitionTime: "2026-11-22T19:00:00Z",
    },
    spec: { acme: { server: "https://acme.test/dir", solvers: [{ dns01: { route53: {} } }], caBundle: "" } },
    annotations: { "certwright.dev/rate-limits": '{"orders":{"capacity":300}}' },
    acme: {
      server: "https://acme.test/dir",
      accountUrl: "https://acme.test/acct/1",
      directory: { newOrder: "https://acme.test/order", meta: { profiles: { tlsserver: "short" }, caaIdentities: [] } },
      keyThumbprint: "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg",
      keySecretName: "letsencrypt-account",
    },
    ...changes,
  };
}

/** Names one attempt; the id is a UUID only in its shape. */
export function attemptRefOf(number: number, name = "www", namespace = "web"): AttemptRef {
  return { namespace, name, attemptId: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}` };
}

/** An attempt that was just taken. */
export function newAttempt(changes: Partial<AttemptRow> = {}): AttemptRow {
  return {
    ref: attemptRefOf(1),
    schema: 1,
    leaseId: "lease-1",
    generation: 1,
    specHash: "n4bQgYhMfWWaL-qgxVrQFa",
    issuer: "_cluster/ClusterIssuer/letsencrypt",
    lane: "new",
    reason: "DoesNotExist",
    startedAt: noon,
    step: "prepare",
    ...changes,
  };
}

/** An attempt whose challenge was answered at Let's Encrypt: the largest that an ordinary row becomes. */
export function answeredAttempt(changes: Partial<AttemptRow> = {}): AttemptRow {
  return newAttempt({
    ref: {
      namespace: "team-storefront",
      name: "www-example-com",
      attemptId: "d3b07384-d113-4ec4-8e8e-0e1f0c5e9a77",
    },
    leaseId: "6f1ed002-ab5c-4595-a0e0-9b5ce7a3b7f4",
    generation: 3,
    lane: "renew",
    reason: "Renewing",
    revision: 13,
    step: "validate-challenge",
    orderUrl: "https://acme-v02.api.letsencrypt.org/acme/order/1847263547/321456789012",
    finalizeUrl: "https://acme-v02.api.letsencrypt.org/acme/finalize/1847263547/321456789012",
    nonce: "vXFt8Y9c1Tu3xwM2pHqLrKfRdV0sJbZoN4eGiA7yW5nC6kBhQmE",
    answeredUnder: "6f1ed002-ab5c-4595-a0e0-9b5ce7a3b7f4",
    changes: ["/change/C0123456789ABCDEFGHIJ"],
    hasRecords: true,
    dueAt: noon + hour,
    tokens: [`set#${hex.slice(0, 32)}`, "domain#1847263547#example.com"],
    ...changes,
  });
}

/** A CSR of two names; the DER is of an RSA key of 2048 bits in its size only. */
export function csrItem(changes: Partial<CsrItem> = {}): CsrItem {
  const names = ["example.com", "www.example.com"];
  return {
    csr: Buffer.alloc(680, 7).toString("base64"),
    publicKeyHash: hex,
    names,
    asked: {
      commonName: "example.com",
      dnsNames: names,
      durationSeconds: 7_776_000,
      usages: ["digital signature", "key encipherment"],
      keyAlgorithm: "RSA",
      keySize: 2_048,
      issuer: "_cluster/ClusterIssuer/letsencrypt",
    },
    ...changes,
  };
}

/** One authorization at Let's Encrypt. */
export function challenge(identifier = "example.com"): Challenge {
  return {
    identifier,
    wildcard: false,
    authorizationUrl: "https://acme-v02.api.letsencrypt.org/acme/authz/1847263547/498765432109",
    challengeUrl: "https://acme-v02.api.letsencrypt.org/acme/chall/1847263547/498765432109/Xq3bZw",
    type: "dns-01",
    recordName: `_acme-challenge.${identifier}`,
    recordValue: "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ",
    solver: 0,
  };
}
