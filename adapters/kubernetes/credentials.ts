import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import type { ClusterAccess } from "../../core/kubernetes/port.ts";
import { unreachable, unusable } from "./network-faults.ts";

/**
 * The TLS side of an access. Throws CredentialsRejected for credentials that no apiserver needs to see (malformed, ended),
 * ClusterUnreachable for a CA bundle that is none. OpenSSL's messages hold no key material.
 */
export function contextOf({ caBundle, credentials }: ClusterAccess, host: string, now: Date): SecureContext {
  const trusted = caBundle === undefined ? {} : { ca: checkedBundle(caBundle, host) };
  if ("token" in credentials) {
    checkToken(credentials.token.trim(), host, now);
    return createSecureContext(trusted);
  }
  const { certificatePem, keyPem } = credentials;
  const { context, end } = attempt(
    () => ({
      context: createSecureContext({ ...trusted, cert: certificatePem, key: keyPem }),
      end: new X509Certificate(certificatePem).validToDate,
    }),
    (why) => unusable(`The client certificate for ${host} cannot be used: ${why}`),
  );
  if (end <= now) throw unusable(`The client certificate for ${host} ended at ${end.toISOString()}.`);
  return context;
}

/** Node takes a text without certificates for an empty list, and trusts nobody. */
function checkedBundle(caBundle: string, host: string): string {
  const blocks = caBundle.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [""];
  const fix = "Put the PEM text of the cluster's CA into spec.caBundle, or into the kubeconfig.";
  attempt(
    () => blocks.map((block) => new X509Certificate(block)),
    (why) => unreachable(`The CA bundle for ${host} cannot be read: ${why}`, fix),
  );
  return caBundle;
}

/** RFC 6750 2.1. */
const tokenSyntax = /^[A-Za-z0-9._~+/=:-]+$/;

/** For so long an apiserver takes a token that ended. */
const leewayMs = 60_000;

/** Of a JWT (RFC 7519) the end is known. */
function checkToken(token: string, host: string, now: Date): void {
  if (!tokenSyntax.test(token)) throw unusable(`The token for ${host} is empty or no token.`);
  const { exp } = claimsOf(token);
  if (typeof exp !== "number" || exp * 1000 + leewayMs > now.getTime()) return;
  throw unusable(`The token for ${host} ended at ${new Date(exp * 1000).toISOString()}.`);
}

function claimsOf(token: string): { exp?: unknown } {
  const [, claims = "", signature] = token.split(".");
  if (signature === undefined) return {};
  try {
    return { ...JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) };
  } catch {
    return {};
  }
}

function attempt<T>(act: () => T, fault: (why: string) => Error): T {
  try {
    return act();
  } catch (error) {
    throw fault(error instanceof Error ? error.message.slice(0, 200) : "unknown");
  }
}
