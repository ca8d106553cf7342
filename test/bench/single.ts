import type { Call } from "../../local/calls.ts";
import { type Bench, certificate, put, putIssuer, statesEntered, untilReady } from "./bench-stack.ts";
import type { BenchReport } from "./budgets.ts";

const warmRuns = 11;

/** One name, cold and warm: every ACME request that went through the proxy, and put-item to Ready. */
export async function single(bench: Bench): Promise<BenchReport["single"]> {
  const cold = await run(bench, "cold", async () => {
    await putIssuer(bench, "cold");
    await put(bench, certificate("cold", "cold", "bench-cold"));
  });
  await run(bench, "warm-up", () => put(bench, certificate("warm-up", "pebble", "bench-warm-up")));
  const warm: Run[] = [];
  for (let index = 0; index < warmRuns; index += 1) {
    warm.push(
      await run(bench, `warm-${index}`, () =>
        put(bench, certificate(`warm-${index}`, "pebble", `bench-warm-${index}`)),
      ),
    );
    bench.tell(`one name, warm, run ${index + 1} of ${warmRuns}: ${Math.round(warm[index]?.readyMs ?? 0)} ms`);
  }
  const times = warm.map(({ readyMs }) => readyMs).sort((a, b) => a - b);
  const all = [cold, ...warm];
  return {
    acmeRequestsCold: cold.acme.needed,
    acmeRequestsWarm: Math.max(...warm.map(({ acme }) => acme.needed)),
    pendingPolls: sum(all.map(({ acme }) => acme.pendingPolls)),
    badNonceRepeats: sum(all.map(({ acme }) => acme.badNonces)),
    stateTransitions: Math.max(...warm.map(({ states, acme }) => states - acme.furtherRounds)),
    readyMs: { p50: Math.round(percentile(times, 0.5)), p95: Math.round(percentile(times, 0.95)) },
  };
}

interface Run {
  readyMs: number;
  states: number;
  acme: ReturnType<typeof countAcme>;
}

async function run(bench: Bench, name: string, begin: () => Promise<void>): Promise<Run> {
  const { recorder } = bench.stack;
  const since = new Date();
  recorder.clear();
  const began = performance.now();
  await begin();
  await untilReady(bench, `bench-${name}`, 1, 60);
  const readyMs = performance.now() - began;
  const { entered } = await statesEntered(bench, since);
  return { readyMs, states: entered, acme: countAcme(recorder.list({ service: "acme" })) };
}

/** States per further round of a wait: Wait, task, Choice. */
const statesPerRound = 3;

/**
 * What RFC 8555 needs, apart from bad luck: a request refused with badNonce, and a poll that still found the order pending or
 * processing. The first look after the answer and after finalize is needed; the others are further polls.
 */
function countAcme(calls: Call[]) {
  const badNonces = calls.filter(({ error }) => error === "badNonce").length;
  const answered = calls.filter(({ error }) => error !== "badNonce");
  const pendingPolls = answered.filter(
    ({ action, objectStatus }) => action === "order" && (objectStatus === "pending" || objectStatus === "processing"),
  ).length;
  return {
    badNonces,
    pendingPolls,
    furtherRounds: pendingPolls * statesPerRound,
    needed: answered.length - pendingPolls,
  };
}

function percentile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
