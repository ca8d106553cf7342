import { concurrently } from "../../concurrently.ts";
import { classOf, isNamed, type RefusedError, type UnavailableError } from "../../errors.ts";
import { isMap } from "../../field-reader.ts";
import type { LabelSelector } from "../cluster.ts";
import type { Kubernetes, KubernetesObject } from "../port.ts";
import { selectorMatches } from "../targets.ts";

/** What went wrong in one namespace. */
export interface Failure {
  namespace: string;
  error: RefusedError | UnavailableError;
}

/** Namespaces that vanished meanwhile are in neither. */
export interface Outcomes {
  done: string[];
  failures: Failure[];
}

const atOnce = 5;
const vanished = ["NamespaceNotFound", "NamespaceTerminating"];

/** Those that are not being deleted: one request, all pages. */
export async function aliveNamespaces(kubernetes: Kubernetes): Promise<KubernetesObject[]> {
  const all = await kubernetes.list("Namespace", {});
  return all.filter(({ metadata, status }) => {
    const phase = isMap(status) ? status.phase : undefined;
    return metadata.deletionTimestamp === undefined && phase !== "Terminating";
  });
}

/** No selector selects all. */
export function selectedBy(selector: LabelSelector | undefined): (namespace: KubernetesObject) => boolean {
  return ({ metadata }) => selector === undefined || selectorMatches(selector, metadata.labels ?? {});
}

/** Does the same in many namespaces. A refusal is that namespace's own; what concerns the whole cluster is thrown. */
export async function eachNamespace(
  namespaces: string[],
  act: (namespace: string) => Promise<void>,
): Promise<Outcomes> {
  const outcomes: Outcomes = { done: [], failures: [] };
  await concurrently(atOnce, namespaces, async (namespace) => {
    try {
      await act(namespace);
      outcomes.done.push(namespace);
    } catch (error) {
      if (!isItsOwn(error)) throw error;
      if (!vanished.includes(error.reason)) outcomes.failures.push({ namespace, error });
    }
  });
  return { ...outcomes, failures: outcomes.failures.sort((a, b) => (a.namespace < b.namespace ? -1 : 1)) };
}

/**
 * A refusal of one object or Bundle, or an apiserver that fails with it alone (a webhook that is down). Credentials are refused to
 * the whole cluster.
 */
export function isItsOwn(error: unknown): error is RefusedError | UnavailableError {
  if (!isNamed(error) || error.reason === "CredentialsRejected") return false;
  return classOf(error) === "RefusedError" || error.reason === "ApiserverFailed";
}
