import { makeCsr } from "../../../adapters/keys/csr.ts";
import { makePrivateKey } from "../../../adapters/keys/private-key.ts";
import type { AcmeIssuer, Order } from "../../../core/acme-port.ts";
import type { Deps, KeyMaker } from "../../../core/deps.ts";
import type { Clock } from "../../../core/ports.ts";
import type { CertificateRow } from "../../../core/rows.ts";
import type { SweepReport } from "../../../core/sweep.ts";
import { createCa } from "../acme-ca.ts";
import { openPipeline, type Pipeline } from "../pipeline.ts";

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** A first or later issuance as it began, by the true time. */
export interface Begun {
  /** `web/www`. */
  id: string;
  reason: string;
  at: number;
  /** The row that it began from: what was in the secret, and until when. */
  before: CertificateRow | undefined;
}

/** The pipeline in memory with clocks that disagree; the true time is Step Functions' and EventBridge's. */
export interface TimeWorld {
  p: Pipeline;
  begun: Begun[];
  /** While true, a sweep that is called does nothing, as when its function is broken. */
  sweepIsOff: boolean;
  /** What each sweep reported, by the true time; a sweep that threw is not there. */
  sweeps: { at: number; report: SweepReport }[];
  /** Lets time pass with a sweep each minute; minutes in which nothing is due are passed over unless `each`. */
  pass(ms: number, how?: { each?: boolean }): Promise<void>;
}

export interface TimeOptions {
  start?: Date;
  /** How far the clock of a function (sweep, dispatch, stream, CreateOrder, clean-up ...) is from the true time, ms. */
  offsetMs?: (functionName: string) => number;
  caOffsetMs?: number;
  /** How long each task of an execution takes. */
  taskMs?: number;
  /** Seconds of validity by the name of the CA's profile; the issuer uses the first. */
  profiles?: Record<string, number>;
  zones?: string[];
  /** The annotation certwright.dev/rate-limits of the issuer. */
  rateLimits?: object;
  /** Changes what the CA's client does; `now` is the clock of the function that uses it. */
  acme?: (acme: AcmeIssuer, now: () => Date) => AcmeIssuer;
}

/** Opens it with the ClusterIssuer `ca` ready. */
export async function openTimeWorld(options: TimeOptions = {}): Promise<TimeWorld> {
  const { start = new Date("2026-11-22T12:00:00Z"), offsetMs = () => 0, taskMs = 300 } = options;
  const open: { p?: Pipeline; world?: TimeWorld } = {};
  const trueNow = () => open.p?.time.now().getTime() ?? start.getTime();
  const ca = await createCa({
    clock: { now: () => new Date(trueNow() + (options.caOffsetMs ?? 0)) },
    baseUrl: "https://memory.test",
    lookupTxt: (name) => open.p?.dns.values(name) ?? [],
  });
  ca.knobs.profiles = options.profiles ?? { days: 3 * 86_400 };
  const sweeps: TimeWorld["sweeps"] = [];
  const p = await openPipeline({
    ...{ start, ca, keys: anyRsaKey, sweepSeconds: 0 },
    ...(options.zones && { zones: options.zones }),
    around: async ({ name, deps }, run) => {
      if (name === "sweep" && open.world?.sweepIsOff) return undefined;
      const clock = { now: () => new Date(trueNow() + offsetMs(name)) };
      const result = await run(withClock(deps, clock, () => offsetMs(name), options.acme));
      if (name === "sweep") sweeps.push({ at: trueNow(), report: result as SweepReport });
      return result;
    },
    hook: async (_task, _payload, run) => {
      const result = await run();
      await open.p?.time.waitUntil(new Date(trueNow() + taskMs));
      return result;
    },
  });
  open.p = p;
  const world: TimeWorld = {
    p,
    sweeps,
    sweepIsOff: false,
    begun: watchBeginnings(p),
    pass: (ms, how) => pass(p, ms, how ?? {}, offsetMs),
  };
  open.world = world;
  await applyIssuer(p, options);
  await p.time.runUntil(new Date(trueNow() + 5 * second));
  return world;
}

async function applyIssuer(p: Pipeline, { profiles = { days: 0 }, rateLimits }: TimeOptions): Promise<void> {
  const acme = {
    server: "https://memory.test/directory",
    privateKeySecretRef: { name: "ca-account" },
    profile: Object.keys(profiles)[0],
    solvers: [{ dns01: { route53: {} } }],
  };
  const annotations = { "certwright.dev/rate-limits": JSON.stringify(rateLimits) };
  await p.apply("_cluster/ClusterIssuer/ca", { acme }, rateLimits && { annotations });
}

function watchBeginnings(p: Pipeline): Begun[] {
  const begun: Begun[] = [];
  const { createAttempt } = p.state;
  p.state.createAttempt = async (row) => {
    const id = `${row.ref.namespace}/${row.ref.name}`;
    begun.push({ id, reason: row.reason, at: p.time.now().getTime(), before: await p.row(id) });
    return createAttempt(row);
  };
  return begun;
}

/** The same world by another clock; what an ACME client says of time is by that clock, too. */
function withClock(deps: Deps, clock: Clock, offsetMs: () => number, change: TimeOptions["acme"]): Deps {
  const shifted = (acme: AcmeIssuer): AcmeIssuer => {
    const byThisClock = <Answer extends Order | undefined>(order: Answer): Answer =>
      order?.retryAt ? { ...order, retryAt: new Date(order.retryAt.getTime() + offsetMs()) } : order;
    return {
      ...acme,
      readOrder: async (url) => byThisClock(await acme.readOrder(url)),
      finalize: async (order, csr) => byThisClock(await acme.finalize(order, csr)),
    };
  };
  const changed = (acme: AcmeIssuer) => (change ? change(acme, clock.now) : acme);
  return { ...deps, clock, acme: async (issuer) => changed(shifted(await deps.acme(issuer))) };
}

let rsaKey: Promise<Uint8Array> | undefined;

/** RSA keys, of which account keys are, take long to make: all worlds have the same, of 2048 bits. */
export const anyRsaKey: KeyMaker = {
  csr: makeCsr,
  privateKey: async (request) => {
    if (request.algorithm !== "RSA") return makePrivateKey(request);
    rsaKey ??= makePrivateKey({ ...request, size: 2_048 });
    return Buffer.from(await rsaKey);
  },
};

async function pass(
  p: Pipeline,
  ms: number,
  { each = false }: { each?: boolean },
  offsetMs: (functionName: string) => number,
): Promise<void> {
  const end = p.time.now().getTime() + ms;
  for (let now = p.time.now().getTime(); now < end; now = p.time.now().getTime()) {
    const tick = now - (now % minute) + minute;
    await p.time.runUntil(new Date(Math.min(end, tick)));
    if (tick > end) return;
    const dueAt = await nextDue(p);
    if (each || dueAt <= tick + offsetMs("sweep")) p.sweep();
    else if (!p.executions.some(({ status }) => status === "RUNNING")) {
      const next = Math.floor((Math.min(dueAt - offsetMs("sweep"), end) - second) / minute) * minute;
      await p.time.runUntil(new Date(Math.max(next, tick)));
    }
  }
}

async function nextDue(p: Pipeline): Promise<number> {
  const all = await p.state.due(new Date(8.64e15), 100_000);
  return all.reduce((least, { dueAt }) => Math.min(least, dueAt), Number.POSITIVE_INFINITY);
}
