import { readCertificate } from "../certificate-identity.ts";
import type { ChainItem } from "../rows.ts";
import type { Work } from "./work.ts";

/** How long a chain stays after its certificate has ended: a month. */
const keptSeconds = 30 * 86_400;

/** Keeps what was issued beside the attempt; the first one stays. */
export async function keepChain({ deps, ref }: Work, item: ChainItem): Promise<void> {
  const notAfter = readCertificate(item.chain).notAfter.getTime();
  await deps.state.putChain(ref, item, Math.floor(notAfter / 1_000) + keptSeconds);
}
