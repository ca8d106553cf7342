import type { AcmeIssuer } from "./acme-port.ts";
import type { CertificateSpec } from "./certificate.ts";
import type { DnsAdapters } from "./dns-adapter.ts";
import type { IssuerSpec } from "./issuer.ts";
import type { ClusterSpec } from "./kubernetes/cluster.ts";
import type { Kubernetes } from "./kubernetes/port.ts";
import type { Policy } from "./policy.ts";
import type { Chance, Clock, DnsProvider, Events, KeySealer, Requests, SecretStore, Starter, State } from "./ports.ts";
import type { ResourceKey } from "./resource.ts";
import type { IssuerRow, StoreName } from "./rows.ts";

/** What the rules need of the world. functions/runtime.ts makes the real ones, tests make fakes. */
export interface Deps {
  instance: string;
  defaultStore: StoreName;
  policy: Policy;
  clock: Clock;
  chance: Chance;
  requests: Requests;
  state: State;
  events: Events;
  starter: Starter;
  /** One structured line; never a secret. */
  log(line: Record<string, unknown>): void;
  store(name: StoreName): Promise<SecretStore>;
  sealer(): Promise<KeySealer>;
  keys: KeyMaker;
  /** The ACME client of an issuer that is ready. */
  acme(issuer: IssuerRow): Promise<AcmeIssuer>;
  /** The same before there is an account; for check-issuer. */
  acmeRegistrar(request: { key: ResourceKey; spec: IssuerSpec; accountKeyPem: string }): Promise<AcmeIssuer>;
  /** The DNS providers that an issuer may name. */
  dnsAdapters: DnsAdapters;
  /** The DNS provider behind an issuer's solver. */
  dns(issuer: IssuerRow, solver: number): Promise<DnsProvider>;
  /** The apiserver of a Cluster; reads its credentials anew. Throws what the port throws (core/kubernetes/port.ts). */
  kubernetes(cluster: { key: ResourceKey; spec: ClusterSpec }): Promise<Kubernetes>;
  /** Ours in server-side apply, `certwright-<instance>-<account>-<region>`: no two installations share it. */
  fieldManager: string;
  trust: TrustFormats;
  /** Keeps a request budget within one run of sync-kubernetes: a second or two, never to wait for somebody. */
  pause(ms: number): Promise<void>;
}

/** What Bundles are made with. */
export interface TrustFormats {
  /** Mozilla's list as the runtime brings it, and its version. */
  defaultCAs(): Promise<{ pem: string; version: string }>;
  /** A truststore without keys. */
  jks(certificates: Uint8Array[], password: string): Promise<Uint8Array>;
  pkcs12(
    certificates: Uint8Array[],
    password: string,
    profile: "LegacyRC2" | "LegacyDES" | "Modern2023",
  ): Promise<Uint8Array>;
}

/** Makes private keys and certificate requests (PKCS#10, RFC 2986). */
export interface KeyMaker {
  privateKey(key: CertificateSpec["privateKey"]): Promise<Uint8Array>;
  csr(request: CsrRequest): Promise<{ der: Uint8Array; publicKeyHash: string }>;
}

export interface CsrRequest {
  pkcs8: Uint8Array;
  /** A-labels. */
  names: string[];
  commonName?: string | undefined;
  usages: CertificateSpec["usages"];
  encodeUsages: boolean;
}

/** The name a stored secret has in the store. */
export function storedName(instance: string, namespace: string, secretName: string): string {
  return `${instance}/${namespace}/${secretName}`;
}
