import type { KubernetesKind, KubernetesObject } from "../../core/kubernetes/port.ts";
import type { Answer, Ask } from "./ask.ts";
import { listPath, places } from "./resources.ts";
import { ReplyTooLarge } from "./transport.ts";

interface Where {
  namespace?: string;
  labelSelector?: string;
}

/** So many objects a page, and fewer when such a page is larger than we read: an object may have 1 MiB. */
const pageSizes = [500, 50, 4];

/**
 * All pages of a list (https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks).
 * A list that expired while it was read (410) begins anew once.
 */
export async function listed(ask: Ask, kind: KubernetesKind, where: Where): Promise<KubernetesObject[]> {
  for (const limit of pageSizes.slice(0, -1)) {
    try {
      return await inPages(ask, kind, where, limit);
    } catch (error) {
      if (!(error instanceof ReplyTooLarge)) throw error;
    }
  }
  return inPages(ask, kind, where, pageSizes.at(-1) ?? 1);
}

async function inPages(ask: Ask, kind: KubernetesKind, where: Where, limit: number): Promise<KubernetesObject[]> {
  const first = await allPages(ask, kind, where, limit);
  return "objects" in first ? first.objects : objectsOf(await allPages(ask, kind, where, limit));
}

type Pages = { objects: KubernetesObject[] } | Extract<Answer, { refusal: Error }>;

async function allPages(ask: Ask, kind: KubernetesKind, where: Where, limit: number): Promise<Pages> {
  const { namespace, labelSelector } = where;
  const objects: KubernetesObject[] = [];
  let page = "";
  do {
    const query = { limit: String(limit), ...(labelSelector && { labelSelector }), ...(page && { continue: page }) };
    const path = `${listPath(kind, namespace)}?${new URLSearchParams(query)}`;
    const call = { verb: "list" as const, kind, ...(namespace !== undefined && { namespace }) };
    const answer = await ask({ method: "GET", path }, call);
    if ("refusal" in answer) return answer;
    const { items, metadata } = answer.json as { items?: object[]; metadata?: { continue?: string } };
    // Items of a list carry neither.
    for (const item of items ?? [])
      objects.push({ apiVersion: places[kind].apiVersion, kind, ...item } as KubernetesObject);
    page = metadata?.continue ?? "";
  } while (page !== "");
  return { objects };
}

function objectsOf(pages: Pages): KubernetesObject[] {
  if ("refusal" in pages) throw pages.refusal;
  return pages.objects;
}
