import type { AcmeIssuer, Order, OrderRequest } from "../../../core/acme-port.ts";
import { profileMissing } from "../../../core/acme-profiles.ts";
import { isNamed } from "../../../core/errors.ts";
import { durationRefused } from "./problems.ts";
import { badReply, orderSchema, parseReply } from "./replies.ts";
import { parseRetryAfter } from "./retry-after.ts";
import type { Session } from "./session.ts";
import type { Reply } from "./transport.ts";

/** Orders (RFC 8555 7.4). */
export function acmeOrders(session: Session): Pick<AcmeIssuer, "createOrder" | "readOrder" | "finalize"> {
  return {
    createOrder: (request) => createOrder(session, request),
    readOrder: (url) => readOrder(session, url),
    finalize: (order, csrDer) => finalize(session, order, csrDer),
  };
}

async function createOrder(session: Session, request: OrderRequest): Promise<Order> {
  const { newOrder, renewalInfo } = await session.directory();
  if (request.profile !== undefined) await checkProfile(session, request.profile);
  const replaces = renewalInfo === undefined ? undefined : request.replaces;
  const payload = {
    identifiers: [
      ...request.names.map((value) => ({ type: "dns", value })),
      ...(request.ipAddresses ?? []).map((value) => ({ type: "ip", value })),
    ],
    ...(request.profile !== undefined && { profile: request.profile }),
    ...(request.notAfter && { notAfter: `${request.notAfter.toISOString().slice(0, 19)}Z` }),
  };
  const sent =
    replaces === undefined
      ? session.post(newOrder, payload, "newOrder")
      : postReplacing(session, newOrder, { ...payload, replaces });
  const reply = await sent.catch((error: unknown) => {
    throw request.notAfter ? durationRefused(error) : error;
  });
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
  const missing = async (renew: boolean) => profileMissing(await session.directory({ renew }), profile);
  const fault = (await missing(false)) && (await missing(true));
  if (fault) throw fault;
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

function isReason(error: unknown, reason: string): boolean {
  return isNamed(error) && error.reason === reason;
}
