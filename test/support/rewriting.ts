import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.ts";
import { certificateSpec as spec } from "./specs.ts";

export const stored = "certwright/web/www-tls";

/** A stored secret, read. */
export type Value = Record<string, string> & {
  metadata: { annotations: Record<string, string>; labels: Record<string, string> };
};

export const seconds = async (p: Pipeline, count: number) =>
  p.time.runUntil(new Date(p.time.now().getTime() + count * 1_000));

export const template = (labels: Record<string, string>, annotations: Record<string, string> = {}) => ({
  secretTemplate: { labels, annotations },
});

export const pkcs12 = (more: object = { password: "changeit" }) => ({
  keystores: { pkcs12: { create: true, profile: "Modern2023", ...more } },
});

/** A pipeline with the Certificate web/www, issued. */
export async function issued(more: object = {}, options: PipelineOptions = {}): Promise<Pipeline> {
  const p = await openPipeline(options);
  await p.issuer();
  await p.apply("web/www", spec("www", more));
  await p.time.runUntilTrue(() => p.ready("web/www"));
  await seconds(p, 5);
  return p;
}

export const read = async (p: Pipeline) => (await p.secret("web", "www-tls")) as unknown as Value;
export const serial = async (p: Pipeline) => new X509Certificate((await read(p))["tls.crt"] ?? "").serialNumber;
export const versions = (p: Pipeline) => p.stores.secretsManager.secrets.get(stored)?.versions ?? [];

/** Writes over the secret as a person would, with another version. */
export async function overwrite(p: Pipeline, change: (value: Value) => object, id = "by-hand"): Promise<void> {
  const value = JSON.stringify(change(await read(p)));
  versions(p).push({ id, value });
  p.dispatch("web/www");
  await seconds(p, 5);
}

/** Applies the Certificate anew. */
export async function edit(p: Pipeline, more: object): Promise<void> {
  await p.apply("web/www", spec("www", more));
  await seconds(p, 5);
}

/** Whether OpenSSL reads a PKCS#12 file in base64, with its key; throws what it says. */
export function opens(keystore: string | undefined, passphrase: string): boolean {
  createSecureContext({ pfx: Buffer.from(keystore ?? "", "base64"), passphrase });
  return true;
}
