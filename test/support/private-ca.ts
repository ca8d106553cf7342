import type { Pipeline } from "./pipeline.ts";

/** An issuer `selfsigned`, a root CA by it in the secret `root-ca`, and the issuer `root` that signs with that; in `web`. */
export async function privateCa(p: Pipeline, spec: Record<string, unknown> = {}): Promise<void> {
  await p.apply("web/Issuer/selfsigned", { selfSigned: {} });
  await p.apply("web/root", rootSpec(spec));
  await p.apply("web/Issuer/root", { ca: { secretName: "root-ca" } });
  await p.time.runUntil(inSeconds(p, 30));
}

/** The spec of the root's Certificate. */
export function rootSpec(spec: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    secretName: "root-ca",
    commonName: "Test Root",
    isCA: true,
    duration: "8760h",
    privateKey: { algorithm: "ECDSA", size: 256 },
    issuerRef: { name: "selfsigned" },
    ...spec,
  };
}

/** The spec of a Certificate that an Issuer signs. */
export function leafSpec(name: string, issuer = "root", spec: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    secretName: `${name}-tls`,
    dnsNames: [`${name}.example.test`],
    privateKey: { algorithm: "ECDSA", size: 256 },
    issuerRef: { name: issuer },
    ...spec,
  };
}

/** So many seconds from the pipeline's now. */
export function inSeconds(p: Pipeline, seconds: number): Date {
  return new Date(p.time.now().getTime() + seconds * 1_000);
}
