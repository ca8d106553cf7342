import type { Deps } from "../../../core/deps.ts";

/** One call of a port. */
export interface PortCall {
  port: string;
  method: string;
  args: unknown[];
  /** Whether it may change the world outside. */
  writes: boolean;
}

/** Runs the effect of a call, or does not, or twice, or later. */
export type Pass = (call: PortCall, effect: () => Promise<unknown>) => Promise<unknown>;

/** The same deps, every asynchronous call of every port going through `pass`. */
export function passing(deps: Deps, pass: Pass): Deps {
  const through = <Port extends object>(port: string, target: Port): Port => portThrough(port, target, pass);
  const opening = async <Port extends object>(port: string, args: unknown[], open: () => Promise<Port>) => {
    const target = await pass({ port, method: "open", args, writes: false }, open);
    return through(port, target as Port);
  };
  return {
    ...deps,
    requests: through("requests", deps.requests),
    state: through("state", deps.state),
    events: through("events", deps.events),
    starter: through("starter", deps.starter),
    keys: through("keys", deps.keys),
    store: async (name) => through(name, await deps.store(name)),
    sealer: async () => through("sealer", await deps.sealer()),
    acme: (issuer) => opening("acme", [], () => deps.acme(issuer)),
    acmeRegistrar: (request) => opening("acme", [], () => deps.acmeRegistrar(request)),
    renewalInfo: (issuer) => opening("acme", [], () => deps.renewalInfo(issuer)),
    revocationList: (url) => {
      const call = { port: "revocationList", method: "read", args: [url], writes: false };
      return pass(call, () => deps.revocationList(url)) as Promise<Uint8Array>;
    },
    dns: async (issuer, solver) => through("dns", await deps.dns(issuer, solver)),
  };
}

/** Answered at once, without a network. */
const local = ["giveNonces", "takeNonce", "offersRenewalInfo", "executionArn"];
const inPages = ["scan", "scanKeys", "usersOf", "waitingFor"];

const writers = new RegExp(
  `^(${[
    "(put|create|lease|postpone|claim|release|delete)[A-Z]?.*",
    "recordsGone|addEvent",
    "write|scheduleDeletion",
    "publish|cleanUp",
    "answer|finalize|registerAccount|updateContact",
    "startIssuance|dispatch|sweep|checkIssuer|checkCertificates|rewriteSecrets",
  ].join("|")})$`,
);

function portThrough<Port extends object>(port: string, target: Port, pass: Pass): Port {
  return new Proxy(target, {
    get(found, name: string) {
      const member = (found as Record<string, unknown>)[name];
      if (typeof member !== "function") return member;
      const run = (...args: unknown[]) => member.apply(found, args);
      if (local.includes(name)) return run;
      const call = (args: unknown[]): PortCall => ({ port, method: name, args, writes: writers.test(name) });
      if (inPages.includes(name))
        return (...args: unknown[]) => paged(() => pass(call(args), () => pages(run(...args))));
      return (...args: unknown[]) => pass(call(args), () => run(...args));
    },
  });
}

async function* paged(read: () => Promise<unknown>): AsyncGenerator<unknown> {
  yield* (await read()) as unknown[];
}

async function pages(from: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const page of from) all.push(page);
  return all;
}
