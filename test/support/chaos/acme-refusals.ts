import { expect } from "vitest";
import type { OrderState } from "../acme-ca-state.ts";
import type { BadCertificate } from "./acme-certificates.ts";
import type { Wire } from "./acme-wire.ts";

/** The first certificate of `web/www` is bad: nothing is written, the reason is shown, and the next try makes it Ready. */
export async function refusesFirst(wire: Wire, bad: BadCertificate): Promise<string> {
  const mended = spoilCertificates(wire, bad);
  await wire.want("www");
  await wire.pass(45);
  expect(await wire.row("www")).toMatchObject({ ready: { status: "False", ...reasonOf(bad) } });
  const next = await refusedAs(wire, bad);
  expect(wire.p.stores.secretsManager.secrets.has("certwright/web/www-tls")).toBe(false);
  mended();
  await wire.ready("www", 1);
  await wire.pass(5);
  expect(await wire.row("www")).toMatchObject({ revision: 1 });
  return `${reasonOf(bad).reason}; "${next}"; then Ready from ${await ordersOf(wire, bad, 1)}`;
}

/** The same when it is to replace a working one. */
export async function refusesRenewal(wire: Wire, bad: BadCertificate): Promise<string> {
  wire.ca.ca.knobs.profiles.default = 2 * 86_400;
  await wire.want("www");
  await wire.ready("www");
  const { issued } = await wire.row("www");
  const [name, secrets] = ["certwright/web/www-tls", wire.p.stores.secretsManager.secrets] as const;
  const before = structuredClone(secrets.get(name));
  const mended = spoilCertificates(wire, bad, issued?.notAfter);
  // The sweep finds it due within a minute.
  await wire.pass(((issued?.renewalTime ?? 0) - wire.p.time.now().getTime()) / 1_000 + 100);
  expect(await wire.row("www")).toMatchObject({ ready: { status: "True", reason: "Ready" }, revision: 1 });
  const next = await refusedAs(wire, bad);
  expect(secrets.get(name)).toEqual(before);
  mended();
  await wire.p.time.runUntilTrue(async () => (await wire.row("www")).revision === 2, 24 * 3_600_000);
  await wire.pass(5);
  expect(await wire.row("www")).toMatchObject({ ready: { status: "True" } });
  expect(secrets.get(name)?.versions.at(-1)).not.toEqual(before?.versions.at(-1));
  return `${reasonOf(bad).reason}; "${next}"; then renewed from ${await ordersOf(wire, bad, 2)} in all`;
}

/** Until the returned function is called every certificate is bad. */
function spoilCertificates({ ca: { ca }, p }: Wire, bad: BadCertificate, notAfter?: number): () => void {
  const { readOrder } = ca;
  const right = new Map<OrderState, string>();
  ca.readOrder = async (account, id) => {
    const order = await readOrder(account, id);
    const { csr, names, certificate } = order;
    if (!csr || certificate === undefined || right.has(order)) return order;
    right.set(order, certificate);
    order.certificate = await bad.make({ csr, names, right: certificate, now: p.time.now(), notAfter });
    return order;
  };
  return () => {
    ca.readOrder = readOrder;
    for (const [order, certificate] of right) order.certificate = certificate;
  };
}

async function refusedAs(wire: Wire, bad: BadCertificate): Promise<string> {
  const { issuing, attempt, failedIssuanceAttempts } = await wire.row("www");
  expect(issuing).toMatchObject({ status: "False", ...reasonOf(bad) });
  expect(failedIssuanceAttempts).toBe(1);
  expect(attempt !== undefined).toBe(bad.unreadable === true);
  const next = await wire.next("www");
  return next.replace(/ at \S+ \(.*?\)/, " at ...").replace(/ To try at once.*$/, "");
}

function reasonOf({ unreadable, words }: BadCertificate) {
  return { reason: unreadable ? "BadReply" : "InvalidCertificate", message: expect.stringMatching(words) };
}

/** What could not be read is asked for again: its order is the one that is used. */
async function ordersOf({ ca: { ca }, p }: Wire, { unreadable }: BadCertificate, revisions: number): Promise<string> {
  const orders = revisions + (unreadable ? 0 : 1);
  expect(ca.orders.size).toBe(orders);
  expect(p.dns.names()).toEqual([]);
  const attempts = await p.state.attemptsOf({ namespace: "web", kind: "Certificate", name: "www" });
  expect(attempts.filter(({ outcome, hasRecords }) => !outcome || hasRecords)).toEqual([]);
  for (const { ref } of attempts) expect(await p.state.sealedKey(ref)).toBeUndefined();
  return `${orders} ${orders === 1 ? "order" : "orders"}`;
}
