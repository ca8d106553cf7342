import type { StoredRequest } from "../../core/ports.ts";
import { familyOf, isClusterScoped, type Kind } from "../../core/resource.ts";

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

/** A Cluster that breaks no rule. */
export function goodCluster(spec: Record<string, unknown> = {}, metadata?: unknown): StoredRequest {
  const full = { server: "https://10.0.0.1:6443", auth: { tokenSecretRef: { name: "prod-eu" } }, ...spec };
  return stored("Cluster", present(full), metadata);
}

/** A Bundle that breaks no rule. */
export function goodBundle(spec: Record<string, unknown> = {}, metadata?: unknown): StoredRequest {
  const full = { sources: [{ useDefaultCAs: true }], target: { configMap: { key: "ca.crt" } }, ...spec };
  return stored("Bundle", present(full), metadata);
}

/** An object as it lies in the table, in its kind's ordinary namespace. */
export function stored(kind: Kind, spec: unknown, metadata?: unknown): StoredRequest {
  const namespace = isClusterScoped(kind) ? "_cluster" : "web";
  const apiVersion = familyOf(kind) === "kubernetes" ? "certwright.dev/v1" : "cert-manager.io/v1";
  return { key: { namespace, kind, name: "bad" }, apiVersion, metadata, spec };
}

function present(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
