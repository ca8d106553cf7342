import { X509Certificate } from "node:crypto";
import { refOf } from "../../core/attempt-ref.ts";
import { openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.ts";
import { inSeconds, privateCa } from "./private-ca.ts";

export const id = "web/CertificateRequest/www";
export const key = { namespace: "web", kind: "CertificateRequest", name: "www" } as const;
/** The ACME issuer; `root` is the private CA, `selfsigned` needs the key. */
export const acme = { name: "ca", kind: "ClusterIssuer" };

export const seconds = (p: Pipeline, count: number) => p.time.runUntil(inSeconds(p, count));

/** A pipeline with an ACME issuer and a private CA. */
export async function withIssuers(options: PipelineOptions = {}): Promise<Pipeline> {
  const p = await openPipeline(options);
  await p.issuer();
  await privateCa(p);
  return p;
}

/** The certificate that came for the CertificateRequest, and its chain. */
export async function resultOf(p: Pipeline) {
  const signed = (await p.row(id))?.own?.signed;
  const item = signed && (await p.state.chain(refOf(key, signed.attemptId)));
  return { signed, item, leaf: item && new X509Certificate(item.chain) };
}

/** The reasons of its events, oldest first. */
export const eventsOf = async (p: Pipeline) => (await p.state.events(key, 50)).map(({ reason }) => reason).reverse();
