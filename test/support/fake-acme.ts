import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server } from "node:https";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { isIpAddress } from "../../core/dns-name.ts";
import type { Clock } from "../../core/ports.ts";
import { createCa } from "./acme-ca.ts";
import type { Account, Authorization, ChallengeType, OrderState, TestCa } from "./acme-ca-state.ts";
import { CaProblem, raise } from "./acme-ca-state.ts";
import { keyChange } from "./fake-acme-key-change.ts";
import { parseJws, verifyBinding } from "./jws.ts";
import { makeServerCertificate } from "./test-chain.ts";

/** A wrong answer in place of the right one. */
export type Fault =
  | { status: number; body?: unknown; text?: string; headers?: Record<string, string> }
  /** Changes the right answer. */
  | { rewrite: (body: Record<string, unknown>) => unknown; headers?: Record<string, string> }
  /** The connection is closed: before any byte, or in the middle of the body; or the answer never comes. */
  | { connection: "reset" | "truncate" | "hang" };

export interface FakeAcme {
  ca: TestCa;
  /** The directory URL. */
  url: string;
  /** PEM that makes the server trusted. */
  caBundle: string;
  /** `HEAD newNonce`, `POST newOrder`, ... in order of arrival. */
  requests: string[];
  /** How many of the next signed requests are answered with badNonce. */
  rejectNonces: number;
  /** MAC keys by key id; not empty means that an external account binding is required. */
  externalAccounts: Map<string, string>;
  /** Answers the next request for this resource (`newOrder`, `order`, `directory`...) with a fault. */
  fail(resource: string, fault: Fault, times?: number): void;
  /** Asked for the fault of a request when none waits for it. */
  chance?: (resource: string) => Fault | undefined;
  close(): Promise<void>;
}

/** An ACME server (RFC 8555) on 127.0.0.1 that accepts no mistake: nonces once only, signed URLs, content types. */
export async function startFakeAcme(options: {
  clock: Clock;
  lookupTxt: (name: string) => readonly string[] | Promise<readonly string[]>;
  keepAliveMs?: number;
}): Promise<FakeAcme> {
  const { cert, key } = await makeServerCertificate();
  const server = createServer({ cert, key, keepAliveTimeout: options.keepAliveMs ?? 60_000 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const faults = new Map<string, Fault[]>();
  const fake: FakeAcme = {
    ca: await createCa({ ...options, baseUrl: base }),
    url: `${base}/directory`,
    caBundle: cert,
    requests: [],
    rejectNonces: 0,
    externalAccounts: new Map(),
    fail(resource, fault, times = 1) {
      faults.set(resource, [...(faults.get(resource) ?? []), ...Array.from({ length: times }, () => fault)]);
    },
    close: () => close(server),
  };
  const wire: Wire = { fake, base, nonces: new Set() };
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const resource = request.url?.split("/")[1] ?? "";
    fake.requests.push(`${request.method} ${resource}`);
    void serve(wire, request, response, resource, faults.get(resource)?.shift() ?? fake.chance?.(resource));
  });
  return fake;
}

interface Wire {
  fake: FakeAcme;
  base: string;
  nonces: Set<string>;
}

interface Answer {
  status: number;
  body?: unknown;
  text?: string;
  headers?: Record<string, string>;
}

async function close(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}

async function serve(wire: Wire, request: IncomingMessage, response: ServerResponse, resource: string, fault?: Fault) {
  const connection = fault && "connection" in fault ? fault.connection : undefined;
  if (connection === "hang") return;
  if (connection === "reset") return void request.socket.destroy();
  const right = fault && "status" in fault ? fault : await answer(wire, request, resource).catch(problemAnswer);
  const { status, body, text, headers } = fault && "rewrite" in fault ? rewritten(right, fault) : right;
  const nonce = randomBytes(16).toString("base64url");
  if (request.method !== "GET") wire.nonces.add(nonce);
  const bytes = text ?? (body === undefined ? "" : JSON.stringify(body));
  response.writeHead(status, {
    ...(request.method !== "GET" && { "Replay-Nonce": nonce }),
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(bytes),
    ...headers,
  });
  if (connection !== "truncate") return void response.end(bytes);
  response.write(bytes.slice(0, bytes.length / 2), () => request.socket.destroy());
}

function rewritten(right: Answer, fault: Extract<Fault, { rewrite: unknown }>): Answer {
  const changed = fault.rewrite(structuredClone((right.body ?? {}) as Record<string, unknown>));
  const content = typeof changed === "string" ? { text: changed } : { body: changed };
  return { status: right.status, ...content, headers: { ...right.headers, ...fault.headers } };
}

function problemAnswer(error: unknown): Answer {
  if (!(error instanceof CaProblem)) return { status: 500, body: { detail: String(error) } };
  const { retryAfterSeconds } = error;
  const retry = retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) };
  return { status: error.status, body: error.body, headers: { "Content-Type": "application/problem+json", ...retry } };
}

async function answer(wire: Wire, request: IncomingMessage, resource: string): Promise<Answer> {
  const { fake, base } = wire;
  if (!request.headers["user-agent"]) raise(400, "malformed", "All requests MUST include a User-Agent header");
  if (fake.ca.knobs.down) raise(503, "serverInternal", "The service is down for maintenance");
  if (request.method === "GET" && resource === "directory") return { status: 200, body: directoryOf(wire) };
  if (request.method === "HEAD" && resource === "newNonce") return { status: 200 };
  if (request.method !== "POST") raise(405, "malformed", "Method not allowed");
  if (request.headers["content-type"] !== "application/jose+json") raise(415, "malformed", "Content-Type");
  const jws = await signed(wire, request, resource);
  if (jws.kid === undefined)
    return resource === "newAccount" ? newAccount(fake, jws, `${base}${request.url}`) : revoke(fake, jws.payload, jws);
  return operate(wire, accountOf(fake.ca, jws.kid), resource, request.url?.split("/")[2] ?? "", jws.payload);
}

function accountOf({ accounts }: TestCa, url = ""): Account {
  const account = accounts.get(url) ?? raise(400, "accountDoesNotExist", "No such account");
  return account.status === "valid" ? account : raise(403, "unauthorized", "Account has been deactivated");
}

/** A request whose signature, URL and nonce are right. */
async function signed({ fake, base, nonces }: Wire, request: IncomingMessage, resource: string) {
  const jws = await parseJws(request, (kid) => keys.get(fake)?.get(kid), signers[resource] ?? "account");
  if (jws.url !== `${base}${request.url}`) raise(400, "malformed", `JWS header url ${jws.url} is another`);
  if (!nonces.delete(jws.nonce) || fake.rejectNonces-- > 0) raise(400, "badNonce", `Unknown nonce ${jws.nonce}`);
  fake.rejectNonces = Math.max(0, fake.rejectNonces);
  return jws;
}

const signers: Record<string, "key" | "either"> = { newAccount: "key", revokeCert: "either" };

const keys = new WeakMap<FakeAcme, Map<string, JsonWebKey>>();
type JsonWebKey = Record<string, unknown>;

function directoryOf({ fake, base }: Wire): Record<string, unknown> {
  const resources = ["newNonce", "newAccount", "newOrder", "revokeCert", "renewalInfo", "keyChange"];
  return {
    ...Object.fromEntries(resources.map((resource) => [resource, `${base}/${resource}`])),
    meta: { profiles: Object.fromEntries(Object.keys(fake.ca.knobs.profiles).map((name) => [name, `as ${name} is`])) },
  };
}

function newAccount(fake: FakeAcme, jws: Awaited<ReturnType<typeof parseJws>>, url: string): Answer {
  const payload = jws.payload as {
    contact?: string[];
    onlyReturnExisting?: boolean;
    termsOfServiceAgreed?: boolean;
    externalAccountBinding?: unknown;
  };
  if (!payload.onlyReturnExisting) {
    if (!payload.termsOfServiceAgreed) raise(403, "userActionRequired", "Agree to the terms of service");
    if (fake.externalAccounts.size > 0)
      verifyBinding(payload.externalAccountBinding, fake.externalAccounts, jws.jwk, url);
  }
  const { account, created } = fake.ca.register(jws.thumbprint, payload);
  keys.set(fake, (keys.get(fake) ?? new Map()).set(account.url, jws.jwk));
  return {
    status: created ? 201 : 200,
    body: { status: account.status, contact: account.contact },
    headers: { Location: account.url },
  };
}

function revoke(fake: FakeAcme, payload: unknown, by: Parameters<TestCa["revoke"]>[0]): Answer {
  const { certificate, reason } = payload as { certificate: string; reason?: number };
  fake.ca.revoke(by, { der: Buffer.from(certificate, "base64url"), ...(reason === undefined ? {} : { reason }) });
  return { status: 200 };
}

async function operate(wire: Wire, account: Account, resource: string, id: string, payload: unknown): Promise<Answer> {
  const { ca } = wire.fake;
  if (resource === "revokeCert") return revoke(wire.fake, payload, { account });
  if (resource === "account") return accountAnswer(wire, account, payload);
  if (resource === "keyChange")
    return keyChange(wire.fake.ca, keys.get(wire.fake), account, { payload, url: `${wire.base}/keyChange` });
  if (resource === "orders") return orderPage(wire, account, Number(id));
  if (resource === "newOrder") {
    const { identifiers, notAfter, ...rest } = payload as {
      identifiers: { value: string }[];
      profile?: string;
      replaces?: string;
      notAfter?: string;
    };
    const end = notAfter ? { notAfter: new Date(notAfter) } : {};
    const order = ca.newOrder(account, { names: identifiers.map(({ value }) => value), ...rest, ...end });
    return { ...orderAnswer(wire, order), status: 201 };
  }
  if (resource === "order") return orderAnswer(wire, await ca.readOrder(account, id));
  if (resource === "finalize") {
    const csr = Buffer.from((payload as { csr: string }).csr, "base64url");
    return orderAnswer(wire, await ca.finalize(account, id, csr));
  }
  if (resource === "authorization")
    return { status: 200, body: authorizationBody(wire, ca.authorization(account, id)) };
  if (resource === "certificate") return certificateAnswer(wire, account, id);
  const type = typesAt[resource];
  if (!type) raise(404, "malformed", `Nothing at ${resource}`);
  const authorization = payload === "" ? ca.authorization(account, id) : ca.answer(account, id, type);
  return { status: 200, body: challengeBody(wire, authorization, type) };
}

/** RFC 8555 7.3.2, 7.3.6. */
function accountAnswer({ fake: { ca }, base }: Wire, account: Account, payload: unknown): Answer {
  const { status, contact } = (payload || {}) as { status?: string; contact?: string[] };
  if (status === "deactivated") ca.deactivate(account);
  else if (contact) ca.update(account, contact);
  return { status: 200, body: { status: account.status, contact: account.contact, orders: `${base}/orders/0` } };
}

/** At `certificate/ID` the default chain, at `certificate/ID.1` its alternate. */
function certificateAnswer({ fake, base }: Wire, account: Account, id: string): Answer {
  const [order = "", alternate] = id.split(".");
  const links = `<${base}/directory>;rel="index", <${base}/certificate/${order}.1>;rel="alternate"`;
  return {
    status: 200,
    text: fake.ca.certificate(account, order, Number(alternate ?? 0)),
    headers: { "Content-Type": "application/pem-certificate-chain", Link: links },
  };
}

/** In pages of three, the oldest first, as Pebble does. */
function orderPage({ fake, base }: Wire, account: Account, from: number): Answer {
  const mine = [...fake.ca.orders.values()].filter((order) => order.account === account.url);
  const orders = mine.slice(from, from + 3).map((order) => `${base}/order/${order.id}`);
  const next = `<${base}/directory>;rel="index", <${base}/orders/${from + 3}>;rel="next"`;
  return { status: 200, body: { orders }, headers: mine.length > from + 3 ? { Link: next } : {} };
}

function orderAnswer({ fake, base }: Wire, order: OrderState): Answer {
  const { retryAfterSeconds } = fake.ca.knobs;
  const waits = retryAfterSeconds !== undefined && ["pending", "processing"].includes(order.status);
  const invalid = order.status === "invalid";
  return {
    status: 200,
    headers: { Location: `${base}/order/${order.id}`, ...(waits && { "Retry-After": String(retryAfterSeconds) }) },
    body: {
      status: order.status,
      identifiers: order.names.map(identifierOf),
      profile: order.profile,
      finalize: `${base}/finalize/${order.id}`,
      authorizations: order.authorizations.map(({ id }) => `${base}/authorization/${id}`),
      ...(order.certificate !== undefined && { certificate: `${base}/certificate/${order.id}` }),
      ...(invalid && { error: { type: "urn:ietf:params:acme:error:unauthorized", detail: "Some identifiers failed" } }),
    },
  };
}

function authorizationBody(wire: Wire, authorization: Authorization): unknown {
  const { types, only } = wire.fake.ca.knobs.otherChallenges;
  const url = `${wire.base}/challenge/none`;
  const others = types.map((type) => ({ type, url, status: "pending", accounturi: "x" }));
  return {
    identifier: identifierOf(authorization.identifier),
    status: authorization.status,
    ...(authorization.wildcard && { wildcard: true }),
    challenges: only
      ? others
      : [...others, ...authorization.offered.map((type) => challengeBody(wire, authorization, type))],
  };
}

function identifierOf(value: string) {
  return { type: isIpAddress(value) ? "ip" : "dns", value };
}

const typesAt: Record<string, ChallengeType> = { challenge: "dns-01", "http-challenge": "http-01" };

function challengeBody({ base }: Wire, authorization: Authorization, type: ChallengeType): unknown {
  const { id, token, challenge, error, answered = type } = authorization;
  const path = type === "dns-01" ? "challenge" : "http-challenge";
  const state = answered === type ? { status: challenge, ...(error && { error }) } : { status: "pending" };
  return { type, url: `${base}/${path}/${id}`, token, ...state };
}
