import { openPipeline } from "../pipeline.ts";
import { type Golden, goldenIssuers } from "./corpus.ts";
import type { IssuedSecret } from "./openssl.ts";

const minuteMs = 60_000;

/** Issues all of them through the pipeline in memory, CAs first; the stored secrets by the Certificate's name. */
export async function issueAll(corpus: Golden[]): Promise<Map<string, IssuedSecret>> {
  const pipeline = await openPipeline({ sweepSeconds: 0 });
  const later = (ms: number) => new Date(pipeline.time.now().getTime() + ms);
  for (const { kind, name, spec } of goldenIssuers())
    await pipeline.apply(`${kind === "ClusterIssuer" ? "_cluster" : "golden"}/${kind}/${name}`, spec);
  for (const { name, spec } of corpus) await pipeline.apply(`golden/${name}`, { ...spec });
  await pipeline.time.runUntil(later(10 * minuteMs));
  const secrets = new Map<string, IssuedSecret>();
  for (const { name, spec } of corpus) {
    const secret = await pipeline.secret("golden", spec.secretName);
    if (secret) secrets.set(name, secret);
    else throw new Error(`${name}: ${JSON.stringify((await pipeline.row(`golden/${name}`))?.ready)}`);
  }
  return secrets;
}
