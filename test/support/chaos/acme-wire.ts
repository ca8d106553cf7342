import { expect } from "vitest";
import type { CertificateRow } from "../../../core/rows.ts";
import { rfc3339 } from "../../../core/status.ts";
import { acmeIssuers } from "../../../functions/runtime/acme.ts";
import type { Environment } from "../../../functions/runtime/environment.ts";
import { type FakeAcme, type Fault, startFakeAcme } from "../fake-acme.ts";
import { openPipeline, type Pipeline } from "../pipeline.ts";
import { certificateSpec } from "../specs.ts";
import { described } from "./time-describe.ts";

/** The pipeline in memory under a virtual clock; its ACME adapter is the real one and talks TLS to a CA on the loopback. */
export interface Wire {
  p: Pipeline;
  ca: FakeAcme;
  /** Writes the Certificate `web/<name>`. */
  want(name: string, more?: object): Promise<void>;
  pass(seconds: number): Promise<void>;
  /** Lets time pass until the Certificate is Ready; answers the seconds since the start. */
  ready(name: string, limitHours?: number): Promise<number>;
  row(name: string): Promise<CertificateRow>;
  /** What describe says comes next; throws when it lacks reason, message or instant of what failed last. */
  next(name: string): Promise<string>;
  seconds(): number;
}

export const minuteSeconds = 60;
export const hourSeconds = 3_600;

/** Runs a row on a wire of its own whose issuer is Ready, unless `issuer` is false. */
export function onWire(run: (wire: Wire) => Promise<string>, options: { issuer?: object | false } = {}) {
  return async (): Promise<string> => {
    const wire = await openWire();
    try {
      const { issuer = {} } = options;
      if (issuer !== false) {
        await applyIssuer(wire, issuer);
        await wire.pass(5);
      }
      return await run(wire);
    } finally {
      await wire.ca.close();
    }
  };
}

/** Writes the ClusterIssuer `ca` of this wire. */
export async function applyIssuer({ p, ca }: Wire, more: object = {}): Promise<void> {
  await p.issuer("ca", { server: ca.url, caBundle: Buffer.from(ca.caBundle).toString("base64"), ...more });
}

async function openWire(): Promise<Wire> {
  const start = new Date("2026-11-22T12:00:00Z");
  let p: Pipeline | undefined;
  const clock = { now: () => p?.time.now() ?? start };
  const ca = await startFakeAcme({ clock, lookupTxt: (name) => p?.dns.values(name) ?? [] });
  const environment = { instance: "certwright", allowedPrivateHosts: ["127.0.0.1"] } as unknown as Environment;
  const pipeline = await openPipeline({
    start,
    around: ({ deps }, call) =>
      call({ ...deps, ...acmeIssuers(environment, { clock, userAgent: "certwright-test/1", store: deps.store }) }),
  });
  p = pipeline;
  const seconds = () => (pipeline.time.now().getTime() - start.getTime()) / 1_000;
  const row = async (name: string) => (await pipeline.row(`web/${name}`)) ?? expect.unreachable(`no row ${name}`);
  return {
    p: pipeline,
    ca,
    seconds,
    row,
    want: (name, more) => pipeline.apply(`web/${name}`, certificateSpec(name, more)),
    pass: (more) => pipeline.time.runUntil(new Date(pipeline.time.now().getTime() + more * 1_000)),
    ready: async (name, limitHours = 1) => {
      await pipeline.time.runUntilTrue(() => pipeline.ready(`web/${name}`), limitHours * 3_600_000);
      return seconds();
    },
    next: async (name) => {
      const text = await described(pipeline, name);
      const { issuing, ready, dueAt } = await row(name);
      const shown = issuing ?? ready;
      expect(text).toContain(shown.reason);
      expect(text).toContain(shown.message);
      const next = /\nNext:\n([\s\S]*)$/.exec(text)?.[1]?.trim() ?? "";
      if (dueAt !== undefined) expect(next).toContain(rfc3339(dueAt));
      return next;
    },
  };
}

/** Until the instant an order looks like it had not come so far: `{valid: "processing"}`. `id`: only this one. */
export function orderStays(
  wire: Wire,
  shown: Record<string, string>,
  until: Date,
  retryAfterSeconds?: number,
  id?: () => string | undefined,
): Fault {
  return {
    rewrite: (order) => {
      const other = id !== undefined && !String(order.finalize).endsWith(`/${id()}`);
      const status = shown[String(order.status)];
      if (other || status === undefined || wire.p.time.now() >= until) return order;
      const { certificate: _, ...rest } = order;
      return { ...rest, status };
    },
    ...(retryAfterSeconds === undefined ? {} : { headers: { "Retry-After": String(retryAfterSeconds) } }),
  };
}

/** This share of all signed requests is answered with badNonce; the draws are the same in every run. */
export function refuseNonces({ ca }: Wire, share: number, draw: () => number): void {
  Object.defineProperty(ca, "rejectNonces", { get: () => Number(draw() < share), set: () => undefined });
}

/** How often the CA was asked: `POST newOrder`, `HEAD newNonce` ... */
export function asked({ ca }: Wire, request?: string): number {
  return request === undefined ? ca.requests.length : ca.requests.filter((one) => one === request).length;
}
