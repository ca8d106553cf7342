import type { AcmeIssuer, Order } from "../acme-port.ts";
import { RefusedError } from "../errors.ts";
import { acmeOf } from "../issuer.ts";
import { done, type Outcome } from "../outcome.ts";
import { idOf } from "../resource.ts";
import { keepChain } from "./keep-chain.ts";
import { nextPoll } from "./poll.ts";
import { rehearsed } from "./rehearsed.ts";
import { currentRequest, type Work } from "./work.ts";

/** Sends the CSR, waits for the certificate, downloads it (RFC 8555 7.4, 7.4.2). */
export async function finalizeOrder(work: Work): Promise<Outcome> {
  if (work.row.rehearsal) return rehearsed(work);
  const acme = await work.acme.open();
  if (work.again) return goOn(work, acme, await knownOrder(work, acme));
  await currentRequest(work);
  return goOn(work, acme, await finalize(work, acme));
}

async function goOn(work: Work, acme: AcmeIssuer, order: Order): Promise<Outcome> {
  switch (order.status) {
    case "valid":
      return download(work, acme, order);
    case "ready":
      return goOn(work, acme, await finalizeAgain(work, acme, order));
    case "invalid":
      throw refused(await acme.refusals(order));
    case "pending":
      throw notReady();
    default:
      return { waitUntil: nextPoll(work, order.retryAt) };
  }
}

/** Ready although this step was here before: the CA never got our request, or took it back. */
async function finalizeAgain(work: Work, acme: AcmeIssuer, order: Order): Promise<Order> {
  await currentRequest(work);
  return finalizing(await acme.finalize(order, await csr(work)));
}

async function finalize(work: Work, acme: AcmeIssuer): Promise<Order> {
  const { orderUrl, finalizeUrl } = work.row;
  if (orderUrl === undefined || finalizeUrl === undefined) throw refused("the attempt has no order");
  const known: Order = { url: orderUrl, finalizeUrl, status: "ready", authorizationUrls: [] };
  return finalizing(await acme.finalize(known, await csr(work)));
}

/** Some CAs still say ready in the answer: the request is under way all the same. */
function finalizing(order: Order): Order {
  return order.status === "ready" ? { ...order, status: "processing" } : order;
}

async function knownOrder({ row }: Work, acme: AcmeIssuer): Promise<Order> {
  const order = row.orderUrl === undefined ? undefined : await acme.readOrder(row.orderUrl);
  if (!order) throw refused("the CA does not know the order any more");
  return order;
}

async function download(work: Work, acme: AcmeIssuer, order: Order): Promise<Outcome> {
  const preferred = acmeOf(work.issuer).preferredChain;
  const { chain, notPreferred } = await acme.download(order, preferred);
  if (notPreferred) await tellNotPreferred(work, preferred);
  await keepChain(work, { chain });
  return done;
}

/** A preference is no condition: the certificate is stored with the chain that there is. Best effort. */
async function tellNotPreferred({ deps, key, ref }: Work, preferred = ""): Promise<void> {
  const message = `the CA has no chain to "${preferred}" (spec.acme.preferredChain): its default chain is stored`;
  const at = deps.clock.now().getTime();
  const event = {
    key,
    at,
    type: "Normal",
    reason: "PreferredChainNotFound",
    message,
    attemptId: ref.attemptId,
  } as const;
  await deps.state
    .addEvent(event)
    .catch((error) => deps.log({ event: "untold", certificate: idOf(key), error: String(error) }));
}

async function csr({ reads, ref }: Work): Promise<Uint8Array> {
  const item = await reads.csr(ref);
  if (!item) throw refused("the attempt has no certificate request");
  return Buffer.from(item.csr, "base64");
}

/** Some challenge is open after all: the attempt goes on from the start, with the same order. */
function notReady(): RefusedError {
  return new RefusedError({
    reason: "OrderNotReady",
    message: "the CA still waits for a challenge that it had accepted",
    fix: "nothing to do: the order and its challenges are read again",
  });
}

function refused(message: string): RefusedError {
  return new RefusedError({
    reason: "OrderFailed",
    message,
    fix: "a new attempt makes a new order",
    endsAttempt: true,
  });
}
