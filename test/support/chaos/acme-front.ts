import { setTimeout as sleep } from "node:timers/promises";
import { acmeRefusal, describeAcme } from "../../../local/acme-call.ts";
import { createServerIdentity } from "../../../local/certificate-authority.ts";
import { createForwarder, type Reply, type Request, startProxy } from "../../../local/proxy.ts";

/** One request to a CA, as it came. */
export interface Asked {
  /** Epoch ms. */
  at: number;
  /** `newOrder`, `finalize` ... */
  action: string;
  /** What was signed; undefined for a GET, a HEAD and a POST-as-GET. */
  payload?: Record<string, unknown>;
  /** HTTP status of the answer; absent when there was none. */
  status?: number;
  /** Refused for its nonce, by the row's wish. */
  badNonce?: true;
}

/** Answers in place of the CA, which `pass` asks; undefined breaks the connection. */
export type AcmeFault = (
  pass: () => Promise<Reply>,
  asked: Asked,
  nonce: () => Promise<string>,
) => Promise<Reply | undefined>;

/** The CA of one row: the stack's own behind a door that the row spoils. */
export interface AcmeFront {
  directoryUrl: string;
  /** PEM: the issuer's caBundle. */
  caCertificate: string;
  asked: Asked[];
  /** The next requests of this kind meet the fault; `times` -1 for ever, `when` to choose among them. */
  spoil(action: string, fault: AcmeFault, how?: { times?: number; when?: (asked: Asked) => boolean }): void;
  /** From now on it refuses this share of all nonces. */
  refuseNonces(share: number, draw: () => number): void;
  /** Ends all faults. */
  heal(): void;
  /** How often it was asked for something and answered so. */
  count(action: string, status?: number): number;
  close(): Promise<void>;
}

const identity = createServerIdentity();

/** Opens a door of its own, on the loopback, to a CA that has its TLS name `localhost` from `caCertificate`. */
export async function openAcmeFront(ca: { directoryUrl: string; caCertificate: string }): Promise<AcmeFront> {
  const { caCertificate, server } = await identity;
  const port = Number(new URL(ca.directoryUrl).port);
  const upstream = createForwarder({ port, caCertificate: ca.caCertificate, timeoutMs: 60_000 });
  let spoilt: Spoilt[] = [];
  let nonces = () => false;
  const asked: Asked[] = [];
  const listener = await startProxy(async (request) => {
    const one = read(request);
    asked.push(one);
    const met = spoilt.find(({ action, left, when }) => action === one.action && left !== 0 && when(one));
    const pass = () => upstream.forward(request);
    if (request.method === "POST" && nonces()) return badNonce(one, await freshNonce(request, upstream.forward));
    const reply = met ? await spoiltReply(met, one, pass, () => freshNonce(request, upstream.forward)) : await pass();
    if (reply) one.status = reply.status;
    return reply;
  }, server);
  return {
    directoryUrl: `https://127.0.0.1:${listener.port}/dir`,
    caCertificate,
    asked,
    spoil: (action, fault, { times = 1, when = () => true } = {}) =>
      void spoilt.push({ action, fault, left: times, when }),
    refuseNonces: (share, draw) => {
      nonces = () => draw() < share;
    },
    heal: () => {
      spoilt = [];
      nonces = () => false;
    },
    count: (action, status) =>
      asked.filter((one) => one.action === action && (status === undefined || one.status === status)).length,
    close: async () => {
      await listener.close();
      upstream.close();
    },
  };
}

function badNonce(one: Asked, nonce: string): Reply {
  one.status = 400;
  one.badNonce = true;
  return acmeRefusal({ status: 400, code: "badNonce" }, nonce);
}

interface Spoilt {
  action: string;
  fault: AcmeFault;
  left: number;
  when: (asked: Asked) => boolean;
}

/** A fault of the right answer waits for one: a refused nonce is none. */
async function spoiltReply(
  met: Spoilt,
  one: Asked,
  pass: () => Promise<Reply>,
  nonce: () => Promise<string>,
): Promise<Reply | undefined> {
  met.left -= 1;
  let refused: Reply | undefined;
  const right = async () => {
    const reply = await pass();
    if (reply.status >= 400) refused = reply;
    return reply;
  };
  const reply = await met.fault(right, one, nonce);
  if (!refused) return reply;
  met.left += 1;
  return refused;
}

/** A problem document of this ACME error type (RFC 8555 6.7), with a nonce as every answer of a CA has one. */
export function refuses(
  status: number,
  type: string,
  more: { detail?: string; headers?: () => Record<string, string> } = {},
): AcmeFault {
  return async (_pass, _asked, nonce) => {
    const { detail: message = `refused on purpose: ${type}`, headers = () => ({}) } = more;
    const reply = acmeRefusal({ status, code: type, message }, await nonce());
    return { ...reply, headers: { ...reply.headers, ...headers() } };
  };
}

/** Nobody hears the request. */
export const breaksBefore: AcmeFault = async () => undefined;

/** The CA does it; nobody hears the answer. */
export const breaksAfter: AcmeFault = async (pass) => {
  await pass();
  return undefined;
};

/** The first half of the right body. */
export const halves: AcmeFault = async (pass) => {
  const reply = await pass();
  return { ...reply, body: reply.body.subarray(0, reply.body.length / 2) };
};

/** What a captive portal shows, with the CA's own status. */
export const showsPage: AcmeFault = async (pass) => ({
  ...(await pass()),
  headers: { "content-type": "text/html" },
  body: Buffer.from("<html><body>Please sign in to the network.</body></html>"),
});

/** The right answer, so many milliseconds late. */
export const late =
  (ms: number): AcmeFault =>
  async (pass) => {
    const reply = await pass();
    await sleep(ms);
    return reply;
  };

/** The right answer with another body. */
export const sends =
  (body: (right: Buffer) => string | Promise<string>): AcmeFault =>
  async (pass) => {
    const reply = await pass();
    return { ...reply, body: Buffer.from(await body(reply.body)) };
  };

function read(request: Request): Asked {
  const payload = parse(
    Buffer.from(String(parse(request.body.toString("utf8"))?.payload ?? ""), "base64url").toString(),
  );
  const { at, action } = describeAcme(request);
  return { at, action, ...(payload && { payload }) };
}

async function freshNonce(request: Request, forward: (request: Request) => Promise<Reply>): Promise<string> {
  const { host = "", "user-agent": agent = "test" } = request.headers;
  const headers = { host, "user-agent": agent };
  const reply = await forward({ ...request, method: "HEAD", path: "/nonce-plz", headers, body: Buffer.alloc(0) });
  return String(reply.headers["replay-nonce"]);
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
