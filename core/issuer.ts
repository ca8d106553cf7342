import { readCaBundle } from "./ca-bundle.ts";
import type { DnsAdapters } from "./dns-adapter.ts";
import { invalidValue, quote, requiredValue, tooLong } from "./field-fault.ts";
import { type Fields, type FieldTable, later } from "./field-reader.ts";
import type { IssuerOptions } from "./issuer-options.ts";
import type { RateLimits } from "./limits.ts";
import type { Kind } from "./resource.ts";
import { readSecretRef, type SecretRef } from "./secret-ref.ts";
import { caTable, readCa, readSelfSigned, selfSignedTable } from "./signing-fields.ts";
import type { Solver } from "./solver.ts";
import { readSolver, solverTable } from "./solver-fields.ts";

/** The spec of an Issuer or ClusterIssuer: cert-manager's fields, with defaults filled in; exactly one type is set. Plain JSON. */
export interface IssuerSpec {
  acme?: AcmeSpec;
  ca?: CaSpec;
  selfSigned?: SelfSignedSpec;
  /** From the annotation certwright.dev/rate-limits. */
  rateLimits?: RateLimits;
  /** From our other annotations. */
  options?: IssuerOptions;
}

/** What an issuer writes into certificates that it signs at once; URLs (RFC 5280 4.2.1.13). */
export interface SelfSignedSpec {
  crlDistributionPoints: string[];
}

export interface CaSpec extends SelfSignedSpec {
  /** The stored secret with the CA's pair, tls.crt and tls.key. */
  secretName: string;
  /** URLs of the authority information access (RFC 5280 4.2.2.1). */
  ocspServers: string[];
  issuingCertificateURLs: string[];
}

export interface AcmeSpec {
  /** The directory's https URL. */
  server: string;
  email?: string;
  /** Where the account key is kept, in PEM; its key there is tls.key unless named. */
  privateKeySecretRef: SecretRef;
  disableAccountKeyGeneration: boolean;
  externalAccountBinding?: { keyId: string; keySecretRef: SecretRef };
  /** PEM text of the certificates to trust instead of the public ones. */
  caBundle?: string;
  skipTLSVerify: boolean;
  profile?: string;
  /** Common name of the issuer of the topmost certificate of the chain to take, if the CA has such a chain. */
  preferredChain?: string;
  /** Orders name the end of the validity that spec.duration asks for. */
  enableDurationFeature?: true;
  /** Whether a CA that has an opinion is asked when to renew (RFC 9773); it is, unless this says None. */
  renewalInformationSource?: "ARI" | "None";
  solvers: Solver[];
}

/** The ACME part of an issuer's spec; only what an ACME issuer runs through may ask for it. */
export function acmeOf({ spec }: { spec?: unknown }): AcmeSpec {
  const { acme } = (spec ?? {}) as IssuerSpec;
  if (!acme) throw new TypeError("the issuer is no ACME issuer");
  return acme;
}

/** Whether it signs at once, in a step of ours: no order, no challenge, and no CA's limits. */
export function signsAtOnce({ spec }: { spec?: unknown }): boolean {
  const { ca, selfSigned } = (spec ?? {}) as IssuerSpec;
  return ca !== undefined || selfSigned !== undefined;
}

const otherIssuer = later({
  fix: "use acme, ca or selfSigned: other issuers come with a later version",
  unlessAbsent: true,
});

/** The fields of `spec` of an Issuer and a ClusterIssuer. */
export const issuerTable: FieldTable = {
  acme: "read",
  ca: "read",
  selfSigned: "read",
  vault: otherIssuer,
  venafi: otherIssuer,
};

const acmeTable: FieldTable = {
  server: "read",
  email: "read",
  privateKeySecretRef: "read",
  disableAccountKeyGeneration: "read",
  externalAccountBinding: "read",
  caBundle: "read",
  skipTLSVerify: "read",
  profile: "read",
  solvers: "read",
  preferredChain: "read",
  enableDurationFeature: "read",
  renewalInformationSource: "read",
};
/** keyAlgorithm is deprecated and without effect, as in cert-manager: it is always HS256. */
const bindingTable: FieldTable = { keyID: "read", keySecretRef: "read", keyAlgorithm: "read" };
const longestChainName = 64;

/** Reads the spec of an Issuer or ClusterIssuer; it is usable only when no fault was found. */
export function readIssuerSpec(fields: Fields, kind: Kind, adapters: DnsAdapters): IssuerSpec | undefined {
  const [type, ...more] = Object.keys(issuerTable).filter((one) => fields.isSet(one));
  if (type === undefined) {
    const fix = "add one of acme, ca and selfSigned";
    fields.faultAt(fields.path, requiredValue("at least one issuer must be configured"), fix);
  }
  for (const other of more) {
    fields.fault(other, "Forbidden: may not specify more than one issuer type", `keep ${type} or ${other}`);
  }
  const acme = type === "acme" ? fields.map(type, acmeTable) : undefined;
  const ca = type === "ca" ? fields.map(type, caTable) : undefined;
  const selfSigned = type === "selfSigned" ? fields.map(type, selfSignedTable) : undefined;
  if (acme) return { acme: readAcme(acme, kind, adapters) };
  if (ca) return { ca: readCa(ca) };
  return selfSigned && { selfSigned: readSelfSigned(selfSigned) };
}

function readAcme(fields: Fields, kind: Kind, adapters: DnsAdapters): AcmeSpec {
  const server = readServer(fields);
  const email = readEmail(fields);
  const caBundle = readCaBundle(fields);
  const skipTLSVerify = fields.flag("skipTLSVerify") ?? false;
  const externalAccountBinding = readBinding(fields);
  const profile = readProfile(fields);
  const preferredChain = readPreferredChain(fields);
  const renewalInformationSource = fields.oneOf("renewalInformationSource", ["ARI", "None"]);
  if (skipTLSVerify && fields.isSet("caBundle")) {
    const why = "caBundle and skipTLSVerify are mutually exclusive and cannot both be set";
    fields.fault("caBundle", invalidValue('""', why), "keep caBundle and remove skipTLSVerify");
    fields.fault("skipTLSVerify", invalidValue("true", why), "keep caBundle and remove skipTLSVerify");
  }
  return {
    server,
    ...(email === undefined ? {} : { email }),
    privateKeySecretRef: readSecretRef(fields, "privateKeySecretRef", {
      name: "private key secret name is a required field",
      key: { standard: "tls.key" },
    }),
    disableAccountKeyGeneration: fields.flag("disableAccountKeyGeneration") ?? false,
    ...(externalAccountBinding === undefined ? {} : { externalAccountBinding }),
    ...(caBundle === undefined ? {} : { caBundle }),
    skipTLSVerify,
    ...(profile === undefined ? {} : { profile }),
    ...(preferredChain === undefined ? {} : { preferredChain }),
    ...(fields.flag("enableDurationFeature") ? { enableDurationFeature: true } : {}),
    ...(renewalInformationSource === undefined ? {} : { renewalInformationSource }),
    solvers: readSolvers(fields, kind, adapters),
  };
}

function readServer(fields: Fields): string {
  const server = fields.text("server");
  const fix = "write the URL of the CA's directory, such as https://acme-v02.api.letsencrypt.org/directory";
  if (server === undefined) {
    if (!fields.isSet("server")) fields.fault("server", requiredValue("acme server URL is a required field"), fix);
    return "";
  }
  const url = URL.parse(server);
  const usable = url?.protocol === "https:" && url.username === "" && url.password === "" && url.hash === "";
  if (!usable) fields.fault("server", invalidValue('"(not shown)"', "must be an https URL without credentials"), fix);
  return server;
}

/** One address: the CA gets it as `mailto:` (RFC 8555 7.3 allows no list there). */
function readEmail(fields: Fields): string | undefined {
  const email = fields.text("email");
  if (email !== undefined && !/^[^\s@,;?&%]+@[^\s@,;?&%]+$/.test(email)) {
    fields.fault("email", invalidValue(quote(email), "must be one e-mail address"), "write one address, or remove it");
  }
  return email;
}

function readProfile(fields: Fields): string | undefined {
  const profile = fields.text("profile");
  if (profile !== undefined && !/^[\u0021-\u007e]{1,128}$/.test(profile)) {
    const fix = "write a profile of the CA's directory, such as shortlived";
    fields.fault("profile", invalidValue(quote(profile), "must be the name of a profile"), fix);
  }
  return profile;
}

function readPreferredChain(fields: Fields): string | undefined {
  const chain = fields.text("preferredChain");
  if (chain !== undefined && Buffer.byteLength(chain) > longestChainName) {
    const fix = "write the common name of the root that the chain is to lead to, such as ISRG Root X1";
    fields.fault("preferredChain", tooLong(longestChainName), fix);
  }
  return chain;
}

function readBinding(fields: Fields): AcmeSpec["externalAccountBinding"] {
  const binding = fields.map("externalAccountBinding", bindingTable);
  if (!binding) return undefined;
  const keyId = binding.text("keyID");
  binding.oneOf("keyAlgorithm", ["HS256", "HS384", "HS512"]);
  if (keyId === undefined && !binding.isSet("keyID")) {
    const message = requiredValue("the keyID field is required when using externalAccountBinding");
    binding.fault("keyID", message, "write the key id that the CA gave you");
  }
  const wanted = { name: "secret name is required", key: "secret key is required" };
  return { keyId: keyId ?? "", keySecretRef: readSecretRef(binding, "keySecretRef", wanted) };
}

function readSolvers(fields: Fields, kind: Kind, adapters: DnsAdapters): Solver[] {
  const solvers = fields.maps("solvers", solverTable).map((solver) => readSolver(solver, kind, adapters));
  if (!fields.isSet("solvers")) {
    const message = requiredValue("at least one solver must be configured");
    fields.fault("solvers", message, "add a solver: - dns01: {route53: {}}");
  }
  return solvers;
}
