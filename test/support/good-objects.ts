import type { StoredRequest } from "../../core/ports.ts";
import type { Kind } from "../../core/resource.ts";

/** A Certificate that breaks no rule; fields given as undefined are left out. */
export function goodCertificate(spec: Record<string, unknown> = {}, metadata?: unknown): StoredRequest {
  const full = { secretName: "www-tls", dnsNames: ["www.example.com"], issuerRef: { name: "le" }, ...spec };
  return stored("Certificate", present(full), metadata);
}

/** A ClusterIssuer (or Issuer) that breaks no rule; `acme` replaces fields of spec.acme. */
export function goodIssuer(
  acme: Record<string, unknown> = {},
  kind: Kind = "ClusterIssuer",
  metadata?: unknown,
): StoredRequest {
  const full = {
    server: "https://acme.example.com/directory",
    privateKeySecretRef: { name: "le-account" },
    solvers: [{ dns01: { route53: { role: "arn:aws:iam::123456789012:role/certwright-dns" } } }],
    ...acme,
  };
  return stored(kind, { acme: present(full) }, metadata);
}

/** An object as it lies in the table, in its kind's ordinary namespace. */
export function stored(kind: Kind, spec: unknown, metadata?: unknown): StoredRequest {
  const namespace = kind === "ClusterIssuer" ? "_cluster" : "web";
  return { key: { namespace, kind, name: "bad" }, apiVersion: "cert-manager.io/v1", metadata, spec };
}

function present(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
