import type { CallFilter } from "./calls.ts";
import { resolve } from "./dns-server.ts";
import type { FaultRule } from "./faults.ts";
import type { Answer, Listener } from "./proxy.ts";
import { startProxy } from "./proxy.ts";
import type { Stack } from "./stack.ts";
import type { WebAnswer } from "./web-front.ts";

type Controlled = Omit<Stack, "stop" | "controlUrl">;

/** What other processes may ask of a running stack: POST /<verb> with the arguments as JSON. */
export const verbs = {
  facts: ({ folder, endpoint, emulatorEndpoint, region, account, acme, dnsServer, pids }: Controlled) => {
    const { directoryUrl, caCertificate, managementUrl, externalAccount } = acme;
    return {
      ...{ folder, endpoint, emulatorEndpoint, region, account, dnsServer, pids },
      acme: { directoryUrl, caCertificate, managementUrl, externalAccount },
    };
  },
  calls: (stack: Controlled, filter: CallFilter) => stack.recorder.list(filter),
  count: (stack: Controlled, filter: CallFilter) => stack.recorder.count(filter),
  clearCalls: (stack: Controlled) => stack.recorder.clear(),
  newOrders: (stack: Controlled) => stack.acme.newOrders(),
  addFault: (stack: Controlled, rule: FaultRule) => stack.faults.add(rule),
  removeFault: (stack: Controlled, { id }: { id: string }) => stack.faults.remove(id),
  release: (stack: Controlled, { id, count }: { id: string; count?: number }) => stack.faults.release(id, count),
  faults: (stack: Controlled) => stack.faults.list(),
  clearFaults: (stack: Controlled) => stack.faults.clear(),
  /** What Route 53 holds, or what the name servers show. */
  records: (stack: Controlled, { which }: { which: "accepted" | "shown" }) => stack.zones.list(which),
  lookUp: (stack: Controlled, { name, type }: { name: string; type: "TXT" | "CNAME" }) =>
    resolve(stack.zones, { name, type }),
  setDnsLag: (stack: Controlled, { lagMs }: { lagMs: number }) => {
    stack.zones.lagMs = lagMs;
  },
  /** What the web server of a host answers from now on; without an answer it leads to serve-challenge again. */
  setWebAnswer: (stack: Controlled, { host, answer }: { host: string; answer?: WebAnswer }) => {
    if (answer) stack.web.instead.set(host, answer);
    else stack.web.instead.delete(host);
  },
  rootCertificate: (stack: Controlled) => stack.acme.rootCertificate(),
} as const;

/** Listens for them on a free loopback port. */
export function startControl(stack: Controlled): Promise<Listener> {
  return listenFor(verbs, stack);
}

/** Listens for such verbs on a free loopback port: POST /<verb>, with the argument as JSON, does it to the subject. */
export async function listenFor<S>(known: object, subject: S): Promise<Listener> {
  const answer: Answer = async ({ method, path, headers, body }) => {
    const verb = (known as Record<string, (subject: S, argument: never) => unknown>)[path.slice(1)];
    // Asking for this type keeps web pages out: a browser sends it nowhere without leave.
    if (!verb || method !== "POST" || headers["content-type"] !== "application/json") return json(404, { error: path });
    try {
      return json(200, (await verb(subject, JSON.parse(body.toString("utf8")) as never)) ?? {});
    } catch (error) {
      return json(500, { error: error instanceof Error ? error.message : "unknown" });
    }
  };
  return await startProxy(answer);
}

function json(status: number, value: unknown) {
  return { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}
