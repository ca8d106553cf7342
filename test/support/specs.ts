/** The spec of a Certificate for tests: an ECDSA key (fast), the ClusterIssuer `ca`. */
export function certificateSpec(name: string, more: object = {}): Record<string, unknown> {
  return {
    secretName: `${name}-tls`,
    dnsNames: [`${name}.example.test`],
    issuerRef: { name: "ca", kind: "ClusterIssuer" },
    privateKey: { algorithm: "ECDSA" },
    ...more,
  };
}
