import type { Deps } from "../../deps.ts";
import { RefusedError } from "../../errors.ts";
import type { BundleSource, BundleSpec } from "../bundle.ts";
import { clusterTexts, type TrustNamespace } from "./cluster-source.ts";
import { issuerCAs } from "./issuer-source.ts";
import { type Pool, poolOf, type SourceText } from "./pool.ts";

/** What the sources of a Bundle come to. */
export interface Content extends Pool {
  /** Of the list behind useDefaultCAs, when it is a source. */
  defaultCAVersion?: string;
}

/** Whether a source lies in each cluster, and not with us. */
export function isInCluster(source: BundleSource): boolean {
  return "configMap" in source || "secret" in source;
}

/**
 * Reads and merges the sources. Without a cluster those that lie in clusters are passed over. Throws RefusedError SourceNotFound
 * and SourceInvalid, which name the source, and what the doors throw.
 */
export async function collect(deps: Deps, { sources }: BundleSpec, cluster?: TrustNamespace): Promise<Content> {
  const texts: SourceText[] = [];
  let defaultCAVersion: string | undefined;
  for (const [index, source] of sources.entries()) {
    const where = `spec.sources[${index}]`;
    if ("useDefaultCAs" in source) {
      if (!source.useDefaultCAs) continue;
      const { pem, version } = await deps.trust.defaultCAs();
      texts.push({ source: `${where} (useDefaultCAs)`, pem });
      defaultCAVersion = version;
    } else texts.push(...(await textsOf(deps, source, where, cluster)));
  }
  const pool = poolOf(texts, deps.clock.now());
  return defaultCAVersion === undefined ? pool : { ...pool, defaultCAVersion };
}

/** A bundle without certificates would make its readers trust nobody. */
export function mustHoldSome(content: Content): Content {
  if (content.certificates.length > 0) return content;
  const { expired, malformed } = content.counts;
  throw new RefusedError({
    reason: "BundleEmpty",
    message: `no certificate is left of the sources (${expired} expired, ${malformed} malformed)`,
    fix: "add a CA that is valid now; until then everything stays as it is",
  });
}

async function textsOf(
  deps: Deps,
  source: Exclude<BundleSource, { useDefaultCAs: boolean }>,
  where: string,
  cluster: TrustNamespace | undefined,
): Promise<SourceText[]> {
  if ("inLine" in source) return [{ source: `${where} (inLine)`, pem: source.inLine }];
  if ("issuer" in source) {
    const { kind, name } = source.issuer;
    const named = `${where} (${kind} ${name})`;
    return [{ source: named, pem: await issuerCAs(deps, source.issuer, where) }];
  }
  if (!cluster) return [];
  return "configMap" in source
    ? clusterTexts("ConfigMap", source.configMap, where, cluster)
    : clusterTexts("Secret", source.secret, where, cluster);
}
