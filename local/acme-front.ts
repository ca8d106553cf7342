import { acmeAnswer, acmeRefusal, describeAcme, leadsTo, saidToAcme } from "./acme-call.ts";
import type { Recorder } from "./calls.ts";
import { exchange } from "./exchange.ts";
import type { Faults } from "./faults.ts";
import type { Answer, Reply, Request } from "./proxy.ts";
import { UpstreamTimeout } from "./proxy.ts";

/** What the proxy before Pebble is made of. */
export interface AcmeFront {
  forward(request: Request): Promise<Reply>;
  recorder: Recorder;
  faults: Faults;
  /** Told once when Pebble stops answering. */
  onHang(): void;
}

/** Pebble deadlocks under many newOrder requests at once (its own bug); so few never did. */
export const newOrdersAtOnce = 5;

/** What stands in front of Pebble: records, disturbs, and lets few newOrder requests through at a time. */
export function createAcmeFront(front: AcmeFront): Answer & { newOrders: () => { inFlight: number; most: number } } {
  const gate = createGate(newOrdersAtOnce);
  const subjects = createSubjects();
  let hangs = false;
  const send = async (request: Request) => {
    try {
      return await front.forward(request);
    } catch (error) {
      if (!(error instanceof UpstreamTimeout)) throw error;
      if (!hangs) front.onHang();
      hangs = true;
      return acmeRefusal({
        status: 504,
        code: "serverInternal",
        message: "Pebble hangs; the local stack must restart",
      });
    }
  };
  const answer: Answer = (request) =>
    exchange(request, describeAcme(request), front, {
      says: () => `${saidToAcme(request)} ${subjects.of(request.path)}`,
      send: (call) => (call.action === "newOrder" ? gate.pass(() => send(request)) : send(request)),
      refuse: async (_, wanted) => acmeRefusal(wanted, await freshNonce(front, request)),
      read: (call, reply) => {
        Object.assign(call, acmeAnswer(reply));
        subjects.learn(reply);
      },
    });
  return Object.assign(answer, { newOrders: gate.seen });
}

/** Which names each order, authorization, challenge and certificate is about, so that a fault can tell whose call it is. */
function createSubjects(limit = 20_000) {
  const names = new Map<string, string>();
  return {
    of: (path: string) => names.get(path) ?? "",
    learn(reply: Reply) {
      const found = leadsTo(reply);
      for (const path of found?.paths ?? []) names.set(path, found?.names ?? "");
      for (const oldest of names.size > limit ? [...names.keys()].slice(0, limit / 2) : []) names.delete(oldest);
    },
  };
}

// A CA sends a nonce with its refusals too.
async function freshNonce(front: AcmeFront, request: Request): Promise<string | undefined> {
  const { host, "user-agent": agent } = request.headers;
  const headers = { ...(host ? { host } : {}), "user-agent": agent ?? "certwright-local" };
  const reply = await front.forward({ ...request, method: "HEAD", path: "/nonce-plz", headers, body: Buffer.alloc(0) });
  return String(reply.headers["replay-nonce"] ?? "") || undefined;
}

function createGate(limit: number) {
  const waiting: (() => void)[] = [];
  let inFlight = 0;
  let most = 0;
  const enter = async () => {
    if (inFlight >= limit) await new Promise<void>((turn) => waiting.push(turn));
    else inFlight += 1;
    most = Math.max(most, inFlight);
  };
  // The place goes to the next in line, so that nobody overtakes.
  const leave = () => {
    const next = waiting.shift();
    if (next) next();
    else inFlight -= 1;
  };
  return {
    seen: () => ({ inFlight, most }),
    async pass<T>(work: () => Promise<T>): Promise<T> {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
