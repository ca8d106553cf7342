import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { isSelfSigned, lacksCertSign } from "./certificate-identity.ts";
import { type Deps, storedName } from "./deps.ts";
import { RefusedError } from "./errors.ts";
import { clusterNamespace, type ResourceKey } from "./resource.ts";
import { parseSecretValue, type SecretValue } from "./secret-value.ts";
import { rfc3339 } from "./status.ts";

/** The CA behind a `ca` issuer, read and checked. */
export interface CaPair {
  /** The one that signs, with its key in PEM. */
  certificate: X509Certificate;
  key: string;
  /** PEM: what stands in tls.crt after the leaf, in order and without a root. */
  intermediates: string;
  /** PEM of the topmost certificate known: the leaf's ca.crt. */
  top: string;
}

const fix = "store the CA's tls.crt and tls.key there, or correct spec.ca.secretName";

/**
 * Reads the pair from the stored secret that a `ca` issuer names. Throws RefusedError: ErrGetKeyPair (no secret, or nothing to
 * read in it), ErrInvalidKeyPair (no CA, or not a pair), CAExpired.
 */
export async function readCaPair(deps: Deps, issuer: ResourceKey, secretName: string): Promise<CaPair> {
  const secret = parseSecretValue(await readText(deps, issuer, secretName));
  if (!secret) throw cannotGet("the secret has no tls.crt and tls.key in PEM");
  const [certificate, ...others] = certificatesIn(secret);
  const key = privateKeyIn(secret);
  if (!certificate.ca) throw noCa(certificate);
  if (!certificate.checkPrivateKey(key)) throw invalid("the private key is not the certificate's");
  const end = certificate.validToDate;
  if (end <= deps.clock.now()) {
    const message = `the certificate of the signing CA expired on ${rfc3339(end)}`;
    throw new RefusedError({ reason: "CAExpired", message, fix: `renew the CA in secret "${secretName}"` });
  }
  const chain = chainOf(certificate, others);
  return {
    certificate,
    key: secret.keyPem,
    intermediates: chain
      .filter((one) => !isSelfSigned(one))
      .map(String)
      .join(""),
    top: String(chain.at(-1) ?? certificate),
  };
}

/** Where cert-manager looks: a ClusterIssuer's secret is in the cluster resource namespace, if none is in `_cluster`. */
async function readText(deps: Deps, { kind, namespace }: ResourceKey, secretName: string): Promise<string> {
  const namespaces = kind === "ClusterIssuer" ? [clusterNamespace, deps.clusterResourceNamespace] : [namespace];
  for (const one of namespaces) {
    // A Certificate's secret may lie in either store; what a person stored has no claim.
    const claim = await deps.state.secretClaim(one, secretName);
    const store = await deps.store(claim?.store ?? "secretsManager");
    const found = await store.read(storedName(deps.instance, one, secretName));
    if (found) return found.value;
  }
  throw cannotGet(`secret "${secretName}" not found`);
}

/** tls.crt, and the first of ca.crt, as cert-manager takes them; each once. */
function certificatesIn({ chainPem, caPem = "" }: SecretValue): [X509Certificate, ...X509Certificate[]] {
  try {
    const blocks = (pem: string) => pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    const all = [...blocks(chainPem), ...blocks(caPem).slice(0, 1)].map((block) => new X509Certificate(block));
    const [first, ...rest] = [...new Map(all.map((one) => [one.fingerprint256, one])).values()];
    if (first) return [first, ...rest];
  } catch {
    // The same refusal as for no certificate.
  }
  throw cannotGet("tls.crt holds no readable certificate");
}

function privateKeyIn({ keyPem }: SecretValue): KeyObject {
  try {
    return createPrivateKey(keyPem);
  } catch {
    throw cannotGet("tls.key holds no readable private key");
  }
}

/** From the one that signs upwards; what does not belong to its chain makes it refused, as in cert-manager. */
function chainOf(certificate: X509Certificate, others: X509Certificate[]): X509Certificate[] {
  const chain = [certificate];
  const left = [...others];
  for (let last = certificate; !isSelfSigned(last); ) {
    const index = left.findIndex((one) => last.checkIssued(one) && last.verify(one.publicKey));
    const [next] = index < 0 ? [] : left.splice(index, 1);
    if (!next) break;
    chain.push(next);
    last = next;
  }
  if (left.length > 0) throw invalid("certificate chain is malformed or broken");
  return chain;
}

/** cert-manager's words. */
const prefix = "Error getting keypair for CA issuer: ";

function cannotGet(what: string): RefusedError {
  return new RefusedError({ reason: "ErrGetKeyPair", message: `${prefix}${what}`, fix });
}

function invalid(what: string, cure = fix): RefusedError {
  return new RefusedError({ reason: "ErrInvalidKeyPair", message: `${prefix}${what}`, fix: cure });
}

function noCa(certificate: X509Certificate): RefusedError {
  const what = "certificate is not a CA";
  return lacksCertSign(certificate)
    ? invalid(`${what}: its key usage has no cert sign`, "give the CA the key usage `cert sign`")
    : invalid(what);
}
