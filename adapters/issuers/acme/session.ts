import { createPrivateKey } from "node:crypto";
import AcmeClient from "acme-client/src/client.js";
import { RefusedError } from "../../../core/errors.ts";
import type { Clock } from "../../../core/ports.ts";
import type { NoncePool } from "./nonces.ts";
import { noncePool } from "./nonces.ts";
import type { Asked } from "./problems.ts";
import { endingOrder, failureOf } from "./problems.ts";
import type { Directory } from "./replies.ts";
import { badReply, directorySchema, parseReply, problemOf } from "./replies.ts";
import type { Reply, Transport } from "./transport.ts";
import { httpsTransport, isStaleConnection } from "./transport.ts";

export interface AcmeConfig {
  /** The directory URL. */
  server: string;
  /** PEM of the roots to trust instead of the system's. */
  caBundle?: string | undefined;
  skipTLSVerify?: boolean | undefined;
}

export interface AcmeDeps {
  accountKeyPem: string;
  accountUrl?: string | undefined;
  /** The cached directory object; read from the CA when absent or unusable. */
  directory?: Record<string, unknown> | undefined;
  clock: Clock;
  allowedPrivateHosts: readonly string[];
  userAgent: string;
}

/** Signed requests of one account, on one chain of nonces. Each throws the named error for a reply that is no success. */
export interface Session {
  nonces: NoncePool;
  clock: Clock;
  accountUrl: string | undefined;
  /** From the cache, else (or with `renew`) from the CA. */
  directory(options?: { renew: boolean }): Promise<Directory>;
  /** The directory if it is known without asking. */
  knownDirectory(): Directory | undefined;
  /** A POST signed by the account; a payload of null is a POST-as-GET. */
  post(url: string, payload: object | null, asked: Asked): Promise<Reply>;
  /** A POST signed by the bare key, for newAccount. */
  postAsNobody(url: string, payload: object, externalAccount?: { keyId: string; hmacKey: string }): Promise<Reply>;
  /** A POST signed by another key than the account's, without an account (RFC 8555 7.6). */
  postBy(keyPem: string, url: string, payload: object, asked: Asked): Promise<Reply>;
  /** The inner JWS of a key change (RFC 8555 7.3.5): account and old key, signed by the new one. */
  signedByNewKey(url: string, newKeyPem: string): object;
  /** base64url of SHA-256 of the key authorization (RFC 8555 8.4). */
  recordValue(token: string): Promise<string>;
  /** The token and the account key's thumbprint (RFC 8555 8.1). */
  keyAuthorization(token: string): Promise<string>;
}

/** acme-client signs and repeats bad nonces; transport, nonce chain, directory cache and error mapping are ours. */
export function openSession(config: AcmeConfig, deps: AcmeDeps): Session {
  checkAccountKey(deps.accountKeyPem);
  const client = new AcmeClient({ directoryUrl: config.server, accountKey: deps.accountKeyPem });
  const transport = transportOf(config, deps);
  const nonces = noncePool();
  const fail = (reply: Reply, asked: Asked): void => {
    const failure = failureOf(reply, asked, deps.clock.now());
    if (failure) throw failure;
  };
  const directory = directoryCache(config.server, deps.directory, transport, fail);
  client.http.request = async (url, method, options) => {
    const reply = await transport.send(url, method, options?.data);
    if (!isBadNonce(reply)) nonces.give(reply.headers["replay-nonce"]);
    return reply;
  };
  client.http.getNonce = async () => nonces.take() ?? newNonce(nonces, await directory.get(), transport, fail);
  const session: Session = {
    nonces,
    clock: deps.clock,
    accountUrl: deps.accountUrl,
    directory: directory.get,
    knownDirectory: directory.known,
    async post(url, payload, asked) {
      const kid = accountOf(session);
      const send = () => client.http.signedRequest(url, payload, { kid });
      const reply = await (payload === null ? repeatOnce(send, transport) : send()).catch((error: unknown) => {
        throw endingOrder(error, asked);
      });
      fail(reply, asked);
      return reply;
    },
    async postAsNobody(url, payload, externalAccount) {
      const { keyId: kid, hmacKey } = externalAccount ?? {};
      client.http.externalAccountBinding = kid === undefined || hmacKey === undefined ? {} : { kid, hmacKey };
      const reply = await client.http.signedRequest(url, payload, { includeExternalAccountBinding: true });
      fail(reply, "newAccount");
      return reply;
    },
    postBy: (...request) => postBy(client, config.server, fail, request),
    signedByNewKey(url, newKeyPem) {
      checkAccountKey(newKeyPem);
      const inner = { account: accountOf(session), oldKey: client.http.getJwk() };
      return new AcmeClient({ directoryUrl: config.server, accountKey: newKeyPem }).http.createSignedBody(url, inner);
    },
    ...proofsOf(client),
  };
  return session;
}

function proofsOf(client: AcmeClient): Pick<Session, "recordValue" | "keyAuthorization"> {
  return {
    recordValue: (token) => client.getChallengeKeyAuthorization({ type: "dns-01", token }),
    keyAuthorization: (token) => client.getChallengeKeyAuthorization({ type: "http-01", token }),
  };
}

type Fail = (reply: Reply, asked: Asked) => void;

/** On the connection and the nonces of the account's client. */
async function postBy(
  client: AcmeClient,
  directoryUrl: string,
  fail: Fail,
  [keyPem, url, payload, asked]: Parameters<Session["postBy"]>,
): Promise<Reply> {
  const other = new AcmeClient({ directoryUrl, accountKey: keyPem });
  Object.assign(other.http, { request: client.http.request, getNonce: client.http.getNonce });
  const reply = await other.http.signedRequest(url, payload, { kid: null });
  fail(reply, asked);
  return reply;
}

function transportOf(config: AcmeConfig, deps: AcmeDeps): Transport {
  return httpsTransport({
    caBundle: config.caBundle,
    skipTlsVerify: config.skipTLSVerify,
    userAgent: deps.userAgent,
    allowedPrivateHosts: deps.allowedPrivateHosts,
    sameOriginAs: config.server,
  });
}

function directoryCache(server: string, cached: unknown, transport: Transport, fail: Fail) {
  const usable = directorySchema.safeParse(cached);
  let known: Directory | undefined = usable.success ? usable.data : undefined;
  return {
    known: () => known,
    async get(options?: { renew: boolean }): Promise<Directory> {
      if (known && !options?.renew) return known;
      const reply = await repeatOnce(() => transport.send(server, "get"), transport);
      fail(reply, "directory");
      known = parseReply(directorySchema, reply.data, "the directory");
      return known;
    },
  };
}

async function newNonce(nonces: NoncePool, directory: Directory, transport: Transport, fail: Fail): Promise<string> {
  const reply = await repeatOnce(() => transport.send(directory.newNonce, "head"), transport);
  fail(reply, "nonce");
  nonces.give(reply.headers["replay-nonce"]);
  const nonce = nonces.take();
  if (nonce === undefined) throw badReply("newNonce: no Replay-Nonce");
  return nonce;
}

/** What only reads may be sent again when the kept-alive connection was already closed: a thawed Lambda meets this. */
async function repeatOnce(send: () => Promise<Reply>, transport: Transport): Promise<Reply> {
  try {
    return await send();
  } catch (error) {
    if (!isStaleConnection(error)) throw error;
    transport.dropIdle();
    return send();
  }
}

/** acme-client repeats with that reply's nonce itself: in the pool it would be used twice. */
function isBadNonce(reply: Reply): boolean {
  return problemOf(reply.data).type === "urn:ietf:params:acme:error:badNonce";
}

function accountOf(session: Session): string {
  if (session.accountUrl !== undefined) return session.accountUrl;
  throw new RefusedError({
    reason: "AccountUnknown",
    message: "The issuer has no account at the CA yet.",
    fix: "Wait until the issuer is Ready, or see its status for what keeps it from registering.",
  });
}

/** ES256, ES384 and ES512 (RFC 7518 3.4), as OpenSSL names them. */
const curves = ["prime256v1", "secp384r1", "secp521r1"];

function checkAccountKey(pem: string): void {
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails } = createPrivateKey(pem);
    if (type === "rsa" || (type === "ec" && curves.includes(asymmetricKeyDetails?.namedCurve ?? ""))) return;
  } catch {
    // The parser's message could quote the key.
  }
  throw new RefusedError({
    reason: "AccountKeyInvalid",
    message: "The ACME account key is not an RSA or ECDSA private key in PEM, or of a curve that ACME does not know.",
    fix: "Put an RSA, P-256 or P-384 key into the secret that spec.acme.privateKeySecretRef names, or name a new secret.",
  });
}
