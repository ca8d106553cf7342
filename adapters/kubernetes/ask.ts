import type { Clock } from "../../core/ports.ts";
import { type Apiserver, faultOf, type KubernetesCall, type KubernetesStatus } from "./faults.ts";
import { unreachable } from "./network-faults.ts";
import { retryAtOf } from "./retry-at.ts";
import type { Reply, Request } from "./transport.ts";
/** What was asked for; or that it is not there, or that a list expired while it was read. Other refusals are thrown. */
export type Answer = { json: Record<string, unknown> } | { refusal: Error; isAbsent: boolean };
export type Ask = (request: Request, call: KubernetesCall) => Promise<Answer>;

/** Sends, and tells answers from refusals. */
export function asker(send: (request: Request) => Promise<Reply>, at: Apiserver, clock: Clock): Ask {
  return async (request, call) => {
    const { status: code, json, retryAfter } = await send(request);
    const isObject = typeof json === "object" && json !== null;
    if (code >= 200 && code < 300 && isObject) return { json: json as Record<string, unknown> };
    const status =
      isObject && "kind" in json && json.kind === "Status" ? (json as unknown as KubernetesStatus) : undefined;
    if (code < 300 || (code === 404 && !status)) throw odd(at, code);
    const refusal = faultOf({ ...status, code }, call, at, retryAtOf(retryAfter, clock.now()));
    const isAbsent = code === 404 && status !== undefined && isAbsence(status, call);
    if (isAbsent || code === 410) return { refusal, isAbsent };
    throw refusal;
  };
}

/** The object is not there; an apply is told so of its namespace only, and that is a refusal. */
function isAbsence({ details }: KubernetesStatus, { kind, name }: KubernetesCall): boolean {
  return details?.name === name && (details?.kind !== "namespaces" || kind === "Namespace");
}

function odd({ host }: Apiserver, code: number): Error {
  const fix = "See whether spec.server leads to the apiserver itself, and what proxies are in between.";
  return unreachable(`The server ${host} does not answer as an apiserver does (${code}).`, fix);
}

/** Throws the refusal. */
export function found(answer: Answer): Record<string, unknown> {
  if ("json" in answer) return answer.json;
  throw answer.refusal;
}
