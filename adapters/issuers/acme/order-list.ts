import * as z from "zod/mini";
import type { AcmeIssuer, Order, OrderRequest } from "../../../core/acme-port.ts";
import { concurrently } from "../../../core/concurrently.ts";
import { orderOf } from "./orders.ts";
import { parseReply } from "./replies.ts";
import type { Session } from "./session.ts";

/** RFC 8555 7.1.2: optional at CAs that keep no lists, such as Let's Encrypt's. */
const accountSchema = z.object({ orders: z.optional(z.string()) });
/** RFC 8555 7.1.2.1. */
const listSchema = z.object({ orders: z.array(z.string()) });
/** What tells one order from another (RFC 8555 7.1.3). */
const askedSchema = z.object({
  identifiers: z.array(z.object({ value: z.string() })),
  profile: z.optional(z.string()),
});

/** Orders that are read to find some: a batch and a little more, from the end of the list, where Pebble puts the newest. */
const most = 60;
/** Of the list; Pebble puts three orders on one. Behind them nothing is found, and a new order is made. */
const mostPages = 25;
const concurrency = 5;

interface Listed {
  order: Order;
  names: string;
  profile: string | undefined;
}

/**
 * Orders whose URL was lost with the reply. They are read once for all attempts of an invocation, and given to one each. A
 * CA that keeps no list mostly answers newOrder with the pending order of the same names, as Let's Encrypt's does.
 */
export function acmeOrderList(session: Session): Pick<AcmeIssuer, "lostOrder"> {
  let reading: Promise<Listed[]> | undefined;
  return {
    async lostOrder(request) {
      reading ??= openOrders(session);
      const open = await reading;
      const index = open.findIndex((listed) => isFor(listed, request));
      return index < 0 ? undefined : open.splice(index, 1)[0]?.order;
    },
  };
}

async function openOrders(session: Session): Promise<Listed[]> {
  const account = await session.post(session.accountUrl ?? "", null, "account");
  const orders = await orderUrls(session, parseReply(accountSchema, account.data, "the account").orders);
  const newest = orders.slice(-most).reverse();
  const read = await concurrently(concurrency, newest, (url) => listed(session, url).catch(() => undefined));
  return read.flatMap((one) => one ?? []);
}

async function orderUrls(session: Session, listUrl: string | undefined): Promise<string[]> {
  const urls: string[] = [];
  let page = listUrl;
  for (let pages = 0; page !== undefined && pages < mostPages; pages += 1) {
    const reply = await session.post(page, null, "account");
    urls.push(...parseReply(listSchema, reply.data, "the list of orders").orders);
    page = /<([^>]+)>\s*;\s*rel="?next"?/.exec(reply.headers.link ?? "")?.[1];
  }
  return urls;
}

async function listed(session: Session, url: string): Promise<Listed | undefined> {
  const reply = await session.post(url, null, "order");
  const order = orderOf(session, reply, url);
  if (order.status !== "pending" && order.status !== "ready") return undefined;
  const { identifiers, profile } = parseReply(askedSchema, reply.data, "the order");
  return { order, names: sorted(identifiers.map(({ value }) => value)), profile };
}

function isFor({ names, profile }: Listed, request: OrderRequest): boolean {
  const sameProfile = profile === undefined || request.profile === undefined || profile === request.profile;
  return names === sorted([...request.names, ...(request.ipAddresses ?? [])]) && sameProfile;
}

function sorted(names: string[]): string {
  return [...names].sort().join(" ");
}
