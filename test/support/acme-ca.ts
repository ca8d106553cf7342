import "reflect-metadata";
import { createHash, randomBytes } from "node:crypto";
import { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from "@peculiar/x509";
import { isIpAddress } from "../../core/dns-name.ts";
import type { Clock } from "../../core/ports.ts";
import { revokeAt } from "./acme-ca-revoke.ts";
import type { Account, Authorization, ChallengeType, OrderState, OrderWish, TestCa } from "./acme-ca-state.ts";
import { CaProblem, raise } from "./acme-ca-state.ts";
import type { Chain } from "./test-chain.ts";
import { makeChain } from "./test-chain.ts";

/** An ACME CA without its wire: RFC 8555's state machines, real signatures, validation by callbacks. */
export async function createCa(options: {
  clock: Clock;
  baseUrl: string;
  /** The TXT values at a name, as the CA's resolver sees them. */
  lookupTxt: (name: string) => readonly string[] | Promise<readonly string[]>;
  /** What the web server of a name or an IP address answers to a token; undefined: nothing. */
  fetchAnswer?: (identifier: string, token: string) => Promise<string | undefined>;
}): Promise<TestCa> {
  const chain = await makeChain(options.clock);
  const ca: TestCa = {
    knobs: {
      processingRounds: 0,
      retryAfterSeconds: undefined,
      refusedNames: new Map(),
      limitedUntil: undefined,
      down: false,
      profiles: { default: 90 * 86_400, "two-minutes": 120 },
      reuseAuthorizations: false,
      preAuthorized: false,
      otherChallenges: { types: ["dns-persist-99"] },
      refusesNotAfter: false,
      offered: offeredFor,
      suggest: undefined,
      crlUrl: undefined,
    },
    calls: {},
    accounts: new Map(),
    orders: new Map(),
    authorizations: new Map(),
    rootPem: chain.rootPem,
    register: (thumbprint, request) =>
      counted(ca, "newAccount", () => register(ca, options.baseUrl, thumbprint, request)),
    update: (account, contact) =>
      counted(ca, "account", () => {
        account.contact = contact;
      }),
    changeKey: (account, thumbprint) => counted(ca, "keyChange", () => changeKey(ca, account, thumbprint)),
    deactivate: (account) =>
      counted(ca, "account", () => {
        account.status = "deactivated";
      }),
    newOrder: (account, request) => counted(ca, "newOrder", () => newOrder(ca, account, request, options.clock)),
    readOrder: (account, id) =>
      counted(ca, "order", async () => settle(own(ca.orders, account, id), chain, ca, options)),
    authorization: (account, id) => counted(ca, "authorization", () => own(ca.authorizations, account, id)),
    answer: (account, id, type) => counted(ca, "challenge", () => answer(own(ca.authorizations, account, id), type)),
    finalize: (account, id, csr) => counted(ca, "finalize", () => finalize(ca, own(ca.orders, account, id), csr)),
    suggestion: (certId) =>
      counted(ca, "renewalInfo", () => ca.knobs.suggest?.(certId) ?? raise(404, "malformed", "no renewal information")),
    revoked: new Map(),
    crl: () => chain.crl([...ca.revoked].map(([serialNumber, reason]) => ({ serialNumber, reason }))),
    revoke: (by, request) => counted(ca, "revokeCert", () => revokeAt(ca, by, request)),
    certificate: (account, id, alternate = 0) =>
      counted(ca, "certificate", () => {
        const { certificate, alternates = [] } = own(ca.orders, account, id);
        return [certificate, ...alternates][alternate] ?? raise(404, "malformed", "no certificate");
      }),
  };
  return ca;
}

function counted<T>(ca: TestCa, operation: string, run: () => T): T {
  ca.calls[operation] = (ca.calls[operation] ?? 0) + 1;
  if (ca.knobs.down) raise(503, "serverInternal", "The service is down for maintenance");
  return run();
}

function own<T extends { account: string }>(map: Map<string, T>, account: Account, id: string): T {
  const found = map.get(id);
  if (!found || found.account !== account.url) raise(404, "malformed", `No such object: ${id}`);
  return found;
}

function register(
  ca: TestCa,
  baseUrl: string,
  thumbprint: string,
  request: { contact?: string[]; onlyReturnExisting?: boolean },
) {
  const known = [...ca.accounts.values()].find((account) => account.thumbprint === thumbprint);
  if (known?.status === "deactivated") raise(403, "unauthorized", "The account of this key is deactivated");
  if (known) return { account: known, created: false };
  if (request.onlyReturnExisting) raise(400, "accountDoesNotExist", "No account of this key");
  const url = `${baseUrl}/account/${ca.accounts.size + 1}`;
  const account: Account = { url, thumbprint, contact: request.contact ?? [], status: "valid" };
  ca.accounts.set(url, account);
  return { account, created: true };
}

function changeKey(ca: TestCa, account: Account, thumbprint: string): void {
  const other = [...ca.accounts.values()].find((known) => known.thumbprint === thumbprint);
  if (other) raise(409, "malformed", "New key is already in use for a different account");
  account.thumbprint = thumbprint;
}

function newOrder(ca: TestCa, account: Account, request: OrderWish, clock: Clock): OrderState {
  const { limitedUntil, profiles, refusesNotAfter } = ca.knobs;
  if (account.status !== "valid") raise(403, "unauthorized", "Account has been deactivated");
  if (request.notAfter && refusesNotAfter) raise(400, "malformed", "NotBefore and NotAfter are not supported");
  if (limitedUntil && clock.now() < limitedUntil) {
    const retryAfterSeconds = Math.ceil((limitedUntil.getTime() - clock.now().getTime()) / 1000);
    throw new CaProblem(429, "rateLimited", "too many new orders recently", { retryAfterSeconds });
  }
  const profile = request.profile ?? Object.keys(profiles)[0] ?? "default";
  if (!(profile in profiles)) raise(400, "invalidProfile", `Order includes unrecognized profile name "${profile}"`);
  refuseNames(ca, request.names);
  const authorizations = request.names.map((name) => authorize(ca, account, name));
  const id = randomBytes(8).toString("hex");
  const open = authorizations.some(({ status }) => status !== "valid");
  const order: OrderState = {
    id,
    account: account.url,
    names: request.names,
    profile,
    ...(request.notAfter && { notAfter: request.notAfter }),
    status: open ? "pending" : "ready",
    authorizations,
    roundsLeft: 0,
  };
  ca.orders.set(id, order);
  return order;
}

function refuseNames(ca: TestCa, names: string[]): void {
  if (names.length === 0) raise(400, "malformed", "Order did not specify any identifiers");
  if (names.length > 100) raise(400, "malformed", "Order cannot contain more than 100 identifiers");
  const refused = names.filter((name) => ca.knobs.refusedNames.has(name));
  if (refused.length === 0) return;
  const subproblems = refused.map((value) => ({
    type: "urn:ietf:params:acme:error:rejectedIdentifier",
    detail: ca.knobs.refusedNames.get(value),
    identifier: { type: "dns", value },
  }));
  throw new CaProblem(400, "rejectedIdentifier", `Cannot issue for "${refused[0]}"`, { subproblems });
}

function authorize(ca: TestCa, account: Account, name: string): Authorization {
  const wildcard = name.startsWith("*.");
  const identifier = name.replace(/^\*\./, "").toLowerCase();
  const reusable = [...(ca.knobs.reuseAuthorizations ? ca.authorizations.values() : [])].find(
    (known) =>
      known.status === "valid" &&
      known.account === account.url &&
      known.identifier === identifier &&
      known.wildcard === wildcard,
  );
  if (reusable) return reusable;
  const id = randomBytes(8).toString("hex");
  const token = randomBytes(32).toString("base64url");
  const authorization: Authorization = {
    id,
    account: account.url,
    identifier,
    wildcard,
    status: ca.knobs.preAuthorized ? "valid" : "pending",
    token,
    challenge: "pending",
    offered: ca.knobs.offered(name),
  };
  ca.authorizations.set(id, authorization);
  return authorization;
}

/** As Let's Encrypt does (RFC 8555 8.4, RFC 8738 7). */
function offeredFor(identifier: string): ChallengeType[] {
  if (identifier.startsWith("*.")) return ["dns-01"];
  return isIpAddress(identifier) ? ["http-01"] : ["http-01", "dns-01"];
}

function answer(authorization: Authorization, type: ChallengeType): Authorization {
  if (!authorization.offered.includes(type)) raise(404, "malformed", `No ${type} challenge here`);
  if (authorization.challenge !== "pending")
    raise(400, "malformed", `Challenge in ${authorization.challenge} status cannot be updated`);
  authorization.challenge = "processing";
  authorization.answered = type;
  return authorization;
}

async function finalize(ca: TestCa, order: OrderState, csrDer: Uint8Array): Promise<OrderState> {
  if (order.status !== "ready") raise(403, "orderNotReady", `Order's status ("${order.status}") was not ready`);
  const csr = new Pkcs10CertificateRequest(new Uint8Array(csrDer));
  if (!(await csr.verify())) raise(400, "badCSR", "Bad signature on CSR");
  if (csr.publicKey.algorithm.name === "Ed25519")
    raise(400, "badCSR", "CSR signature algorithm Ed25519 is not supported");
  const san = csr.extensions.find((extension) => extension instanceof SubjectAlternativeNameExtension);
  const asked = (san?.names.toJSON() ?? []).map(({ value }) => value).sort();
  if (asked.join() !== [...order.names].sort().join())
    raise(403, "unauthorized", "CSR does not name what the order names");
  order.csr = csr;
  order.status = "processing";
  order.roundsLeft = ca.knobs.processingRounds;
  return order;
}

type CaOptions = Parameters<typeof createCa>[0];

async function settle(order: OrderState, chain: Chain, ca: TestCa, options: CaOptions): Promise<OrderState> {
  if (order.status === "processing" && order.roundsLeft-- <= 0 && order.csr) {
    const now = options.clock.now().getTime();
    const seconds = order.notAfter ? (order.notAfter.getTime() - now) / 1_000 : ca.knobs.profiles[order.profile];
    order.certificate = await chain.sign(order.csr, order.names, seconds ?? 0, ...[ca.knobs.crlUrl ?? []].flat());
    order.alternates = [chain.alternateOf(order.certificate)];
    order.status = "valid";
  }
  if (order.status !== "pending") return order;
  const waiting = order.authorizations.filter(({ challenge }) => challenge === "processing");
  if (waiting.length > 0 && order.roundsLeft++ < ca.knobs.processingRounds) return order;
  for (const authorization of waiting) await validate(authorization, ca, options);
  if (order.authorizations.some(({ status }) => !["pending", "valid"].includes(status))) order.status = "invalid";
  else if (order.authorizations.every(({ status }) => status === "valid")) order.status = "ready";
  return order;
}

async function validate(authorization: Authorization, ca: TestCa, options: CaOptions): Promise<void> {
  const thumbprint = ca.accounts.get(authorization.account)?.thumbprint;
  const expected = `${authorization.token}.${thumbprint}`;
  const ways = { "dns-01": overDns, "http-01": overHttp, "dns-persist-01": byRecordThatStays };
  const refusal = await ways[authorization.answered ?? "dns-01"](authorization, expected, options);
  authorization.status = refusal ? "invalid" : "valid";
  authorization.challenge = authorization.status;
  if (refusal) authorization.error = refusal;
}

async function overDns({ identifier }: Authorization, expected: string, { lookupTxt }: CaOptions) {
  const name = `_acme-challenge.${identifier}`;
  const values = await lookupTxt(name);
  if (values.includes(createHash("sha256").update(expected).digest("base64url"))) return undefined;
  const detail = values.length === 0 ? `No TXT records found at ${name}` : `Incorrect TXT record found at ${name}`;
  return { type: `urn:ietf:params:acme:error:${values.length === 0 ? "dns" : "unauthorized"}`, detail };
}

/** draft-ietf-acme-dns-persist: one record of this CA and account; a wildcard must be allowed. */
async function byRecordThatStays(
  { identifier, wildcard, account }: Authorization,
  _: string,
  { lookupTxt }: CaOptions,
) {
  const values = (await lookupTxt(`_validation-persist.${identifier}`)).map((value) => value.split("; "));
  const ours = values.filter(([issuer, uri]) => issuer === "memory.test" && uri === `accounturi=${account}`);
  if (ours.some((parts) => !wildcard || parts.includes("policy=wildcard"))) return undefined;
  return { type: "urn:ietf:params:acme:error:unauthorized", detail: `No record for this account at ${identifier}` };
}

async function overHttp({ identifier, token }: Authorization, expected: string, { fetchAnswer }: CaOptions) {
  const body = await fetchAnswer?.(identifier, token);
  if (body?.trimEnd() === expected) return undefined;
  const detail = `The key authorization file from ${identifier} did not match this challenge`;
  return { type: "urn:ietf:params:acme:error:unauthorized", detail };
}
