import { RefusedError, UnavailableError } from "../../core/errors.ts";
import { isUntrusted } from "../../core/url-guard.ts";

/** What went wrong before an apiserver answered: UnavailableError ClusterUnreachable, or CredentialsRejected in TLS. */
export function networkFault(error: unknown, host: string, isLate: boolean): Error {
  const { code = "", message = "" } = error as NodeJS.ErrnoException;
  if (aboutOurs.test(code)) return unusable(`The apiserver ${host} does not accept our client certificate (${code}).`);
  if (isUntrusted(code)) return untrustedServer(host, code, error);
  const late = isLate || code === "ABORT_ERR" || code === "ETIMEDOUT";
  const what = late ? "did not answer in time" : `could not be reached (${code || message.slice(0, 200)})`;
  return unreachable(`The apiserver ${host} ${what}.`, reachFix, error);
}

/** UnavailableError ClusterUnreachable. */
export function unreachable(message: string, fix: string, cause?: unknown): UnavailableError {
  return new UnavailableError({ reason: "ClusterUnreachable", message, fix, cause });
}

/** RefusedError CredentialsRejected for credentials that no apiserver needs to see. */
export function unusable(message: string, cause?: unknown): RefusedError {
  const fix = "Correct the secret that spec.auth of the Cluster names.";
  return new RefusedError({ reason: "CredentialsRejected", message, fix, cause });
}

/** The name of a public URL leads inward. */
export function inwardLookup(hostname: string, address: string): UnavailableError {
  return unreachable(`The name ${hostname} resolves to the private address ${address}. It is not called.`, privateFix);
}

/** What to do about an apiserver in a private network. */
export const privateFix =
  "Use the cluster's public endpoint, or let the operator add this host to the installation's allowed private hosts.";

const reachFix =
  "See whether the apiserver runs and its address is right, and whether firewalls and the endpoint's allowed networks let the function through.";

/** The server's alerts about a client certificate (RFC 8446 6.2). */
const aboutOurs = /ALERT_(BAD_CERT|CERT|UNKNOWN_CA|UNSUPPORTED_CERT|ACCESS_DENIED|HANDSHAKE_FAILURE$)/;

function untrustedServer(host: string, code: string, cause: unknown): UnavailableError {
  const fix =
    "Put the PEM of the cluster's CA into spec.caBundle (a kubeconfig's certificate-authority-data, decoded), and use a name that the apiserver's certificate has.";
  return unreachable(`The TLS certificate of ${host} is not trusted (${code}).`, fix, cause);
}
