import type { Deps } from "../deps.ts";
import type { DnsAnswer, DnsLookup } from "../dns-lookup.ts";
import type { StoredRequest } from "../ports.ts";
import { idOf, type ResourceKey } from "../resource.ts";
import type { AttemptRef, CertificateRow, ChallengesItem, CsrItem } from "../rows.ts";

/** What steps read of their attempts: the first to ask reads for the whole batch, in one call. */
export interface BatchReads {
  request(key: ResourceKey): Promise<StoredRequest | undefined>;
  certificate(key: ResourceKey): Promise<CertificateRow | undefined>;
  csr(ref: AttemptRef): Promise<CsrItem | undefined>;
  challenges(ref: AttemptRef): Promise<ChallengesItem | undefined>;
  /** Each question is asked once, however many attempts ask it. */
  lookup: DnsLookup;
}

/** Reads once per invocation: what a step decides on is as old as its start, and compare-and-swap tells what has changed. */
export function batchReads(deps: Deps, refs: AttemptRef[]): BatchReads {
  const keys = refs.map((ref): ResourceKey => ({ namespace: ref.namespace, kind: "Certificate", name: ref.name }));
  const requests = once(() => deps.requests.getMany(keys));
  const certificates = once(() => deps.state.certificates(keys));
  const csrs = once(() => deps.state.csrs(refs));
  const challenges = once(() => deps.state.challenges(refs));
  return {
    request: async (key) => (await requests()).get(idOf(key)),
    certificate: async (key) => (await certificates()).get(idOf(key)),
    csr: async (ref) => (await csrs()).get(ref.attemptId),
    challenges: async (ref) => (await challenges()).get(ref.attemptId),
    lookup: askedOnce(deps.lookup),
  };
}

function askedOnce(lookup: DnsLookup): DnsLookup {
  const known = new Map<string, Promise<DnsAnswer>>();
  const remembered = (question: string, ask: () => Promise<DnsAnswer>) => {
    const answer = known.get(question) ?? ask();
    known.set(question, answer);
    return answer;
  };
  return {
    resolve: (name, type) => remembered(`${type} ${name}`, () => lookup.resolve(name, type)),
    ask: (server, name, type) => remembered(`${server} ${type} ${name}`, () => lookup.ask(server, name, type)),
  };
}

function once<Out>(read: () => Promise<Out>): () => Promise<Out> {
  let known: Promise<Out> | undefined;
  return () => {
    known ??= read();
    return known;
  };
}
