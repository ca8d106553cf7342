import { keyOf } from "../attempt-ref.ts";
import type { Deps } from "../deps.ts";
import type { DnsAnswer, DnsLookup } from "../dns-lookup.ts";
import type { StoredRequest } from "../ports.ts";
import { parseCertificate } from "../request.ts";
import { idOf, type ResourceKey } from "../resource.ts";
import type {
  AttemptRef,
  CertificateRow,
  ChainItem,
  ChallengesItem,
  CsrItem,
  SealedKey,
  SecretClaim,
} from "../rows.ts";

/** What steps read of their attempts: the first to ask reads for the whole batch, in one call. */
export interface BatchReads {
  request(key: ResourceKey): Promise<StoredRequest | undefined>;
  certificate(key: ResourceKey): Promise<CertificateRow | undefined>;
  csr(ref: AttemptRef): Promise<CsrItem | undefined>;
  challenges(ref: AttemptRef): Promise<ChallengesItem | undefined>;
  chain(ref: AttemptRef): Promise<ChainItem | undefined>;
  sealedKey(ref: AttemptRef): Promise<SealedKey | undefined>;
  /** Of the secret that the Certificate's request names. */
  secretClaim(key: ResourceKey): Promise<SecretClaim | undefined>;
  /** Each question is asked once, however many attempts ask it. */
  lookup: DnsLookup;
}

/** Reads once per invocation: what a step decides on is as old as its start, and compare-and-swap tells what has changed. */
export function batchReads(deps: Deps, refs: AttemptRef[]): BatchReads {
  const keys = refs.map(keyOf);
  const requests = once(() => deps.requests.getMany(keys));
  const certificates = once(() => deps.state.certificates(keys));
  const csrs = once(() => deps.state.csrs(refs));
  const challenges = once(() => deps.state.challenges(refs));
  const chains = once(() => deps.state.chains(refs));
  const sealedKeys = once(() => deps.state.sealedKeys(refs));
  const claims = once(async () => claimsOf(deps, await requests()));
  return {
    request: async (key) => (await requests()).get(idOf(key)),
    certificate: async (key) => (await certificates()).get(idOf(key)),
    csr: async (ref) => (await csrs()).get(ref.attemptId),
    challenges: async (ref) => (await challenges()).get(ref.attemptId),
    chain: async (ref) => (await chains()).get(ref.attemptId),
    sealedKey: async (ref) => (await sealedKeys()).get(ref.attemptId),
    secretClaim: async (key) => (await claims()).get(idOf(key)),
    lookup: askedOnce(deps.lookup),
  };
}

/** The claims of the secrets that these requests name, by id of the Certificate. */
async function claimsOf({ state }: Deps, requests: Map<string, StoredRequest>): Promise<Map<string, SecretClaim>> {
  const named = [...requests].flatMap(([id, request]) => {
    const secretName = secretNameIn(request);
    return secretName === undefined ? [] : [{ id, namespace: request.key.namespace, secretName }];
  });
  const claims = new Map(
    (await state.secretClaims(named)).map((claim) => [`${claim.namespace}/${claim.secretName}`, claim]),
  );
  return new Map(
    named.flatMap(({ id, namespace, secretName }) => {
      const claim = claims.get(`${namespace}/${secretName}`);
      return claim ? [[id, claim]] : [];
    }),
  );
}

/** What is wrong with a request, the step of its own attempt says. */
function secretNameIn(request: StoredRequest): string | undefined {
  try {
    const parsed = parseCertificate(request);
    return parsed.ok ? parsed.resource.spec.secretName : undefined;
  } catch {
    return undefined;
  }
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
