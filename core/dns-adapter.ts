import type { DnsLookup } from "./dns-lookup.ts";
import type { Fields, FieldTable } from "./field-reader.ts";
import type { Permission } from "./permission.ts";
import type { Clock, DnsProvider } from "./ports.ts";
import type { Kind } from "./resource.ts";
import type { SecretRef } from "./secret-ref.ts";

/** A DNS provider, as its one file in adapters/dns describes it. Nothing here loads an SDK before `create` is called. */
export interface DnsAdapter<Config = unknown> {
  /** The fields under `dns01.<provider>` of an issuer's solver. */
  solver: SolverKind<Config>;
  /** What each verb of the port needs in IAM, as plain data for cdk. */
  permissions(scope: ZoneScope): VerbPermissions;
  /** True when `create` asks for a stored secret: the functions that call it may then read them. */
  readsSecrets?: true;
  /** True when `settled` knows of all name servers; other providers only guess, so the servers of the zone are asked themselves. */
  knowsPropagation?: true;
  create(config: Config, access: DnsAccess): Promise<DnsProvider>;
}

/** The DNS providers by the name they have in an issuer: adapters/dns/index.ts. */
export type DnsAdapters = Readonly<Record<string, DnsAdapter>>;

/** How a provider's part of a solver is read. */
export interface SolverKind<Config = unknown> {
  /** cert-manager's names. */
  table: FieldTable;
  /** Plain JSON, kept with the issuer; faults are told to `fields`. */
  read(fields: Fields, kind: Kind): Config;
}

/** What a provider is lent, on behalf of one issuer. */
export interface DnsAccess {
  clock: Clock;
  fetch(url: string, init?: RequestInit): Promise<Response>;
  /** Settings of an AWS client: with a role's credentials, or else our own, which only a ClusterIssuer may use (RoleMissing). */
  aws(role: string | undefined): Promise<AwsAccess>;
  /** Hosts that the operator lets be private, for a provider whose server's address a user chose. */
  allowedPrivateHosts: readonly string[];
  /** Ids of the hosted zones of the deployment that are made for validation only. */
  validationZones: readonly string[];
  lookup: DnsLookup;
  /** The text under a key of a stored secret in the issuer's namespace; RefusedError SecretKeyMissing when there is none. */
  secret(ref: SecretRef): Promise<string>;
}

/** A part of every AWS client's settings. */
export interface AwsAccess {
  customUserAgent: [string, string][];
  credentials?: () => Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken: string; expiration: Date }>;
}

/** What the installation's own rights reach. Zones are hosted zone ids. */
export interface ZoneScope {
  /** Zones that hold `_acme-challenge` names; "*" is every zone of the account. */
  zones: string[] | "*";
  /** Zones made for validation only (targets of CNAMEs): any TXT name may be written. */
  validationZones: string[];
  /** Whether `_validation-persist` names may be written, too, in `zones`. */
  dnsPersist?: boolean;
  /** ARNs of the Lambda functions that answer for DNS (dns01.lambda), and patterns of them. */
  functions: readonly string[];
}

/** What each verb of DnsProvider needs. */
export interface VerbPermissions {
  publish: Permission[];
  settled: Permission[];
  cleanUp: Permission[];
}
