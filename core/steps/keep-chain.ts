import { readCertificate } from "../certificate-identity.ts";
import type { ChainItem } from "../rows.ts";
import type { Work } from "./work.ts";

/** How long what tells of a certificate stays after its end: a month. */
const keptSeconds = 30 * 86_400;

/** Keeps what was issued beside the attempt; the first one stays. */
export async function keepChain({ deps, ref }: Work, item: ChainItem): Promise<void> {
  await deps.state.putChain(ref, item, keptUntil(readCertificate(item.chain).notAfter.getTime()));
}

/** Epoch seconds: until when attempt, CSR and chain of a certificate stay that ends then (epoch ms). */
export function keptUntil(notAfter: number): number {
  return Math.floor(notAfter / 1_000) + keptSeconds;
}
