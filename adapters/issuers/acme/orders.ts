import { X509Certificate } from "node:crypto";
import type { AcmeIssuer, Order, OrderRequest } from "../../../core/acme-port.ts";
import { isNamed, RefusedError } from "../../../core/errors.ts";
import { badReply, orderSchema, parseReply } from "./replies.ts";
import { parseRetryAfter } from "./retry-after.ts";
import type { Session } from "./session.ts";
import type { Reply } from "./transport.ts";

/** Orders and certificates (RFC 8555 7.4). */
export function acmeOrders(session: Session): Pick<AcmeIssuer, "createOrder" | "readOrder" | "finalize" | "download"> {
  return {
    createOrder: (request) => createOrder(session, request),
    readOrder: (url) => readOrder(session, url),
    finalize: (order, csrDer) => finalize(session, order, csrDer),
    download: (order) => download(session, order),
  };
}

async function createOrder(session: Session, request: OrderRequest): Promise<Order> {
  const { newOrder, renewalInfo } = await session.directory();
  if (request.profile !== undefined) await checkProfile(session, request.profile);
  const replaces = renewalInfo === undefined ? undefined : request.replaces;
  const payload = {
    identifiers: request.names.map((value) => ({ type: "dns", value })),
    ...(request.profile !== undefined && { profile: request.profile }),
  };
  const reply =
    replaces === undefined
      ? await session.post(newOrder, payload, "newOrder")
      : await postReplacing(session, newOrder, { ...payload, replaces });
  const url = reply.headers.location;
  if (url === undefined) throw badReply("the new order: no Location");
  return orderOf(session, reply, url);
}

/**
 * Naming the predecessor is a favour to us: whatever the CA dislikes about it, the order itself may still be made.
 * Pebble says serverInternal when it does not know the predecessor.
 */
async function postReplacing(session: Session, url: string, payload: { replaces: string }): Promise<Reply> {
  try {
    return await session.post(url, payload, "newOrder");
  } catch (error) {
    if (!(isNamed(error) && (error.name === "RefusedError" || error.reason === "CAUnavailable"))) throw error;
    const { replaces: _, ...without } = payload;
    return session.post(url, without, "newOrder");
  }
}

/** A CA without profiles would ignore the field (draft-ietf-acme-profiles 4): then the wish would be lost silently. */
async function checkProfile(session: Session, profile: string): Promise<void> {
  const offers = async (renew: boolean) => Object.keys((await session.directory({ renew })).meta?.profiles ?? {});
  if ((await offers(false)).includes(profile)) return;
  const profiles = await offers(true);
  if (profiles.includes(profile)) return;
  throw new RefusedError({
    reason: "InvalidProfile",
    message: `The CA has no profile "${profile}"; it offers ${profiles.join(", ") || "none"}.`,
    fix: "Choose one of the CA's profiles in spec.acme.profile of the issuer, or remove the field.",
  });
}

async function readOrder(session: Session, url: string): Promise<Order | undefined> {
  try {
    return orderOf(session, await session.post(url, null, "order"), url);
  } catch (error) {
    if (isReason(error, "OrderGone")) return undefined;
    throw error;
  }
}

/** A CA that says orderNotReady may have got an earlier finalize whose reply was lost: the order's state tells. */
async function finalize(session: Session, order: Order, csrDer: Uint8Array): Promise<Order> {
  try {
    const csr = Buffer.from(csrDer).toString("base64url");
    return orderOf(session, await session.post(order.finalizeUrl, { csr }, "finalize"), order.url);
  } catch (error) {
    const current = isReason(error, "OrderNotReady") ? await readOrder(session, order.url) : undefined;
    if (current === undefined) throw error;
    return current;
  }
}

/** What a reply says of the order at this URL. */
export function orderOf(session: Session, reply: Reply, url: string): Order {
  const order = parseReply(orderSchema, reply.data, "the order");
  const retryAt = parseRetryAfter(reply.headers["retry-after"], session.clock.now());
  return {
    url,
    finalizeUrl: order.finalize,
    status: order.status,
    authorizationUrls: order.authorizations,
    ...(order.certificate !== undefined && { certificateUrl: order.certificate }),
    ...(retryAt && { retryAt }),
  };
}

async function download(session: Session, order: Order): Promise<string> {
  if (order.certificateUrl === undefined) throw badReply("the order: no certificate yet");
  const reply = await session.post(order.certificateUrl, null, "certificate");
  const text = typeof reply.data === "string" ? reply.data.replaceAll("\r\n", "\n").trim() : "";
  const blocks = text.match(/-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----/g) ?? [];
  // Nothing but certificates may be in it (RFC 8555 7.4.2): it goes into files that web servers read.
  if (blocks.length === 0 || text.replace(/\s+/g, "") !== blocks.join("").replace(/\s+/g, ""))
    throw badReply("the certificate: not a chain of PEM certificates");
  if (!blocks.every(isCertificate)) throw badReply("the certificate: a block cannot be parsed");
  return `${blocks.join("\n")}\n`;
}

function isReason(error: unknown, reason: string): boolean {
  return isNamed(error) && error.reason === reason;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
