import type { AcmeIssuer } from "./acme-port.ts";
import type { AlternativeNames } from "./alternative-names.ts";
import type { CertificateSpec } from "./certificate.ts";
import type { DnsAdapters } from "./dns-adapter.ts";
import type { DnsLookup } from "./dns-lookup.ts";
import type { AnswerLook } from "./http-answer.ts";
import type { IssuerSpec } from "./issuer.ts";
import type { KeystoreProfile } from "./keystore-fields.ts";
import type { ClusterSpec } from "./kubernetes/cluster.ts";
import type { Kubernetes } from "./kubernetes/port.ts";
import type { NameConstraints } from "./name-constraints.ts";
import type { Policy } from "./policy.ts";
import type { Chance, Clock, DnsProvider, Events, KeySealer, Requests, SecretStore, Starter, State } from "./ports.ts";
import type { Rdn } from "./rdn.ts";
import type { RenewalInfoSource } from "./renewal-info.ts";
import type { ResourceKey } from "./resource.ts";
import type { IssuerRow, StoreName } from "./rows.ts";
import type { SignatureAlgorithm } from "./signature-algorithm.ts";
import type { Signers } from "./signing-port.ts";

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
  /** Each is loaded when it signs. */
  signers: Signers;
  /** Where secrets of ClusterIssuers are looked for that are not in `_cluster`, as in cert-manager. */
  clusterResourceNamespace: string;
  /** The ACME client of an issuer that is ready. */
  acme(issuer: IssuerRow): Promise<AcmeIssuer>;
  /** The same before there is an account; for check-issuer. */
  acmeRegistrar(request: { key: ResourceKey; spec: IssuerSpec; accountKeyPem: string }): Promise<AcmeIssuer>;
  /** Where the CA of an ACME issuer that is ready says when to renew; needs no account. */
  renewalInfo(issuer: IssuerRow): Promise<RenewalInfoSource>;
  /**
   * What is at the http(s) URL of a revocation list; nothing private is reached. Throws RefusedError for a URL that is not called,
   * UnavailableError for all else, a list that is too large too.
   */
  revocationList(url: string): Promise<Uint8Array>;
  /** The DNS providers that an issuer may name. */
  dnsAdapters: DnsAdapters;
  /** The DNS provider behind an issuer's solver. */
  dns(issuer: IssuerRow, solver: number): Promise<DnsProvider>;
  lookup: DnsLookup;
  /** Looks at HTTP01 answers; undefined where the deployment serves none (cdk/props.ts, http01). */
  answers: AnswerLook | undefined;
  /** The apiserver of a Cluster; reads its credentials anew. Throws what the port throws (core/kubernetes/port.ts). */
  kubernetes(cluster: { key: ResourceKey; spec: ClusterSpec }): Promise<Kubernetes>;
  /** Ours in server-side apply, `certwright-<instance>-<account>-<region>`: no two installations share it. */
  fieldManager: string;
  trust: TrustFormats;
  keystores: KeystoreFormats;
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
    profile: Exclude<KeystoreProfile, "Modern2026">,
  ): Promise<Uint8Array>;
}

/** What the keystores of Certificates are made with. The same input gives the same bytes. */
export interface KeystoreFormats {
  jks(content: KeystoreContent, how: { alias: string; password: string }): Promise<Keystore>;
  pkcs12(content: KeystoreContent, how: { profile: KeystoreProfile; password: string }): Promise<Keystore>;
}

/** What goes into a keystore; certificates in DER. */
export interface KeystoreContent {
  keyPkcs8: Uint8Array;
  /** Leaf first. */
  chain: Uint8Array[];
  /** None where the issuer gives no CA. */
  ca: Uint8Array[];
}

/** A keystore, and a truststore where there is a CA. */
export interface Keystore {
  keystore: Uint8Array;
  truststore?: Uint8Array;
}

/** Makes private keys and certificate requests (PKCS#10, RFC 2986). */
export interface KeyMaker {
  privateKey(key: CertificateSpec["privateKey"]): Promise<Uint8Array>;
  csr(request: CsrRequest): Promise<{ der: Uint8Array; publicKeyHash: string }>;
}

/** What a certificate request asks for; absent parts are not asked for. */
export interface CsrRequest extends AlternativeNames {
  pkcs8: Uint8Array;
  /** In the order of the encoding; an empty one makes subjectAltName critical (RFC 5280 4.2.1.6). */
  subject?: Rdn[];
  /** A-labels for subjectAltName; wildcards with their `*.`. */
  names: readonly string[];
  /** cert-manager's words; none means `digital signature, key encipherment`. */
  usages: readonly string[];
  /** Whether KeyUsage and ExtendedKeyUsage are asked for. */
  encodeUsages: boolean;
  isCA?: true;
  nameConstraints?: NameConstraints;
  /** Absent: by the key, as cert-manager chooses. */
  signatureAlgorithm?: SignatureAlgorithm;
}

/** The name a stored secret has in the store. */
export function storedName(instance: string, namespace: string, secretName: string): string {
  return `${instance}/${namespace}/${secretName}`;
}
