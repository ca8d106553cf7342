import { createHash } from "node:crypto";
import type { Asked } from "../../adapters/issuers/acme/problems.ts";
import { describe, durationRefused, failureOf } from "../../adapters/issuers/acme/problems.ts";
import type { AcmeIssuer, Order, OrderRequest } from "../../core/acme-port.ts";
import { profileMissing } from "../../core/acme-profiles.ts";
import type { Challenge } from "../../core/challenge.ts";
import { RefusedError, UnavailableError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import type { RenewalInfoSource } from "../../core/renewal-info.ts";
import type { Account, Authorization, OrderState, TestCa } from "./acme-ca-state.ts";
import { CaProblem, raise } from "./acme-ca-state.ts";
import { thumbprintOf } from "./thumbprint.ts";

export interface MemoryAcmeDeps {
  accountKeyPem: string;
  accountUrl?: string | undefined;
  clock: Clock;
}

/** An AcmeIssuer without a wire, for tests of the pipeline: many of them share one TestCa (test/support/acme-ca.ts). */
export function memoryAcme(ca: TestCa, deps: MemoryAcmeDeps): AcmeIssuer {
  const thumbprint = thumbprintOf(deps.accountKeyPem);
  const nonces: string[] = [];
  const given = new Set<string>();
  let accountUrl = deps.accountUrl;
  const ask = async <T>(asked: Asked, run: (account: Account) => T | Promise<T>): Promise<T> => {
    try {
      return await run(accountOf(ca, { url: accountUrl, thumbprint }, asked));
    } catch (error) {
      throw error instanceof CaProblem ? failed(error, asked, deps.clock.now()) : error;
    }
  };
  const toOrder = (order: OrderState) => orderOf(order, ca, deps.clock.now());
  return {
    giveNonces: (given) => nonces.push(...given),
    takeNonce: () => nonces.pop() ?? `memory-${Object.values(ca.calls).reduce((sum, count) => sum + count, 0)}`,
    offersRenewalInfo: () => true,
    directory: async () => directoryOf(ca),
    registerAccount: ({ email, onlyReturnExisting = false }) =>
      ask("newAccount", () => {
        const { account, created } = ca.register(thumbprint, { contact: contactOf(email), onlyReturnExisting });
        accountUrl = account.url;
        return { accountUrl, created };
      }).catch((error) => {
        if (onlyReturnExisting && error.reason === "AccountUnknown") return undefined;
        if (onlyReturnExisting && error.reason === "AccountRefused")
          throw new RefusedError({ reason: "AccountClosed", message: error.message });
        throw error;
      }),
    revoke: ({ certificateDer: der, reasonCode: reason, certificateKeyPem }) =>
      ask("revocation", (account) =>
        ca.revoke(certificateKeyPem ? { thumbprint: thumbprintOf(certificateKeyPem) } : { account }, { der, reason }),
      ).catch((error) => {
        if (error.reason !== "AlreadyRevoked") throw error;
      }),
    updateContact: (email) => ask("account", (account) => ca.update(account, contactOf(email))),
    changeKey: (newKeyPem) => ask("keyChange", (account) => ca.changeKey(account, thumbprintOf(newKeyPem))),
    deactivateAccount: () => ask("account", (account) => ca.deactivate(account)),
    createOrder: async (request) => {
      const missing = request.profile && profileMissing(directoryOf(ca), request.profile);
      if (missing) throw missing;
      const all = { ...request, names: namesOf(request) };
      return ask("newOrder", (account) => toOrder(ca.newOrder(account, all))).catch((error) => {
        throw request.notAfter ? durationRefused(error) : error;
      });
    },
    lostOrder: (request) =>
      ask("account", (account) => {
        const names = namesOf(request);
        const mine = [...ca.orders.values()].filter((order) => order.account === account.url);
        const lost = mine.find(
          (order) =>
            ["pending", "ready"].includes(order.status) &&
            !given.has(order.id) &&
            [...order.names].sort().join() === [...names].sort().join(),
        );
        given.add(lost?.id ?? "");
        return lost && toOrder(lost);
      }),
    readOrder: (url) =>
      ask("order", async (account) => toOrder(await ca.readOrder(account, idOf(url)))).catch((error) => {
        if (error.reason === "OrderGone") return undefined;
        throw error;
      }),
    challenges: async <Type extends Challenge["type"]>(order: Order, types: Type[]) => {
      if (order.status !== "pending" && order.status !== "invalid") return [];
      const read = (url: string) => ask("authorization", (account) => ca.authorization(account, idOf(url)));
      const open = (await Promise.all(order.authorizationUrls.map(read))).filter(({ status }) => status !== "valid");
      const all = open.flatMap((authorization) => challengesOf(authorization, thumbprint, types));
      return all as Extract<Challenge, { type: Type }>[];
    },
    answer: (challenge) =>
      ask("challenge", (account) => {
        const authorization = ca.authorization(account, idOf(challenge.authorizationUrl));
        if (["processing", "valid"].includes(authorization.challenge)) return;
        ca.answer(account, authorization.id, challenge.type);
      }),
    refusals: (order) =>
      ask("order", async (account) => {
        const { authorizations } = await ca.readOrder(account, idOf(order.url));
        const refused = authorizations.filter(({ error }) => error !== undefined);
        return refused.map(({ identifier, error }) => `${identifier}: ${describe(error ?? {})}`).join("\n");
      }),
    finalize: (order, csrDer) =>
      ask("finalize", async (account) => {
        const current = ca.orders.get(idOf(order.url));
        if (current && ["processing", "valid"].includes(current.status)) return toOrder(current);
        return toOrder(await ca.finalize(account, idOf(order.url), csrDer));
      }),
    download: (order, preferredChain = "Test Root") =>
      ask("certificate", (account) => {
        if (preferredChain === "Other Root") return { chain: ca.certificate(account, idOf(order.url), 1) };
        const chain = ca.certificate(account, idOf(order.url));
        return preferredChain === "Test Root" ? { chain } : { chain, notPreferred: true };
      }),
  };
}

const base = "https://memory.test";

function directoryOf({ knobs }: TestCa): Record<string, unknown> {
  return {
    newNonce: `${base}/nonce`,
    newAccount: `${base}/new-account`,
    newOrder: `${base}/new-order`,
    ...(knobs.suggest ? { renewalInfo: `${base}/renewal-info` } : {}),
    meta: {
      profiles: Object.fromEntries(Object.keys(knobs.profiles).map((name) => [name, `as ${name} is`])),
      caaIdentities: ["memory.test"],
    },
  };
}

/** Where a CA says when to renew, without a wire. */
export function memoryRenewalInfo(ca: TestCa, clock: Clock): RenewalInfoSource {
  return {
    suggestion: async (certId) => {
      try {
        return ca.suggestion(certId);
      } catch (error) {
        throw error instanceof CaProblem ? failed(error, "renewalInfo", clock.now()) : error;
      }
    },
  };
}

function failed(problem: CaProblem, asked: Asked, now: Date): Error {
  const retryAfter = problem.retryAfterSeconds;
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  const failure = failureOf({ status: problem.status, headers, data: problem.body }, asked, now);
  return failure ?? new UnavailableError({ reason: "BadReply", message: problem.message });
}

function accountOf(
  ca: TestCa,
  { url, thumbprint }: { url: string | undefined; thumbprint: string },
  asked: Asked,
): Account {
  if (asked === "newAccount") return { url: "", thumbprint: "", contact: [], status: "valid" };
  const account = ca.accounts.get(url ?? "") ?? raise(400, "accountDoesNotExist", "No such account");
  if (account.thumbprint !== thumbprint) raise(400, "malformed", "JWS verification error");
  return account;
}

function idOf(url: string): string {
  return url.split("/").at(-1) ?? "";
}

function orderOf(order: OrderState, ca: TestCa, now: Date): Order {
  const { retryAfterSeconds } = ca.knobs;
  const waits = retryAfterSeconds !== undefined && ["pending", "processing"].includes(order.status);
  return {
    url: `${base}/order/${order.id}`,
    finalizeUrl: `${base}/finalize/${order.id}`,
    status: order.status,
    authorizationUrls: order.authorizations.map(({ id }) => `${base}/authorization/${id}`),
    ...(order.certificate !== undefined && { certificateUrl: `${base}/certificate/${order.id}` }),
    ...(waits && { retryAt: new Date(now.getTime() + retryAfterSeconds * 1000) }),
  };
}

function challengesOf(authorization: Authorization, thumbprint: string, types: Challenge["type"][]): Challenge[] {
  const { id, identifier, wildcard, account, status, token, error, offered } = authorization;
  if (status !== "pending")
    throw new RefusedError({
      reason: status === "invalid" ? "ChallengeRefused" : "AuthorizationEnded",
      message: `The authorization for ${identifier} is ${status}: ${describe(error ?? {})}.`,
      endsAttempt: true,
    });
  const shared = { identifier, wildcard, authorizationUrl: `${base}/authorization/${id}`, solver: -1 };
  const keyAuthorization = `${token}.${thumbprint}`;
  return types
    .filter((type) => offered.includes(type))
    .map((type): Challenge => {
      if (type === "http-01")
        return { ...shared, type, challengeUrl: `${base}/http-challenge/${id}`, token, keyAuthorization };
      if (type === "dns-persist-01") {
        const recordValue = `memory.test; accounturi=${account}${wildcard ? "; policy=wildcard" : ""}`;
        const recordName = `_validation-persist.${identifier}`;
        return { ...shared, type, challengeUrl: `${base}/persist-challenge/${id}`, recordName, recordValue };
      }
      const recordValue = createHash("sha256").update(keyAuthorization).digest("base64url");
      const recordName = `_acme-challenge.${identifier}`;
      return { ...shared, type, challengeUrl: `${base}/challenge/${id}`, recordName, recordValue };
    });
}

function namesOf({ names, ipAddresses = [] }: OrderRequest): string[] {
  return [...names, ...ipAddresses];
}

function contactOf(email: string | undefined): string[] {
  return email ? [`mailto:${email}`] : [];
}
