import { createHash } from "node:crypto";
import { rootCertificates } from "node:tls";

/**
 * Mozilla's list of roots as Node.js compiles it in, PEM, and a version that is the same for the same certificates
 * (https://nodejs.org/api/tls.html#tlsrootcertificates; why this list: docs/decisions/0024).
 */
export function defaultCAs(): { pem: string; version: string } {
  const pem = `${rootCertificates.join("\n")}\n`;
  const hash = createHash("sha256")
    .update([...rootCertificates].sort().join("\n"))
    .digest("hex");
  return { pem, version: `mozilla-${rootCertificates.length}-${hash.slice(0, 12)}` };
}
