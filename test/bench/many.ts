import { type Bench, certificate, put, putIssuer, readiness, statesEntered, untilReady } from "./bench-stack.ts";
import type { BenchReport } from "./budgets.ts";

/** 50 certificates that wait for one issuer and go on together when it comes. */
export async function batch50(bench: Bench): Promise<BenchReport["batch50"]> {
  const count = 50;
  const namespace = "bench-fifty";
  const { recorder } = bench.stack;
  for (let index = 0; index < count; index += 1) await put(bench, certificate(`fifty-${index}`, "late", namespace));
  await untilAllWait(bench, namespace, count);
  const since = new Date();
  recorder.clear();
  await putIssuer(bench, "late");
  const seconds = await untilReady(bench, namespace, count, 120);
  const { executions, entered } = await statesEntered(bench, since);
  bench.tell(`50 that waited for one issuer: ${seconds.toFixed(1)} s, ${executions} execution(s)`);
  const writeUnits = recorder
    .list({ service: "dynamodb" })
    .reduce((total, { writeUnits: units }) => total + (units ?? 0), 0);
  return {
    route53Calls: recorder.count({ service: "route53" }),
    stateTransitionsPerCertificate: round(entered / count),
    writeUnitsPerCertificate: round(writeUnits / count),
  };
}

async function untilAllWait(bench: Bench, namespace: string, count: number): Promise<void> {
  for (let round = 0; round < 600; round += 1) {
    const rows = [...(await readiness(bench, namespace)).values()];
    if (rows.filter(({ reason }) => reason === "IssuerNotFound").length === count) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("not all 50 wait for their issuer after 60 s");
}

/** 1,000 certificates dropped at once. */
export async function thousand(bench: Bench): Promise<BenchReport["thousand"]> {
  const count = 1_000;
  const namespace = "bench-thousand";
  const began = performance.now();
  const names = Array.from({ length: count }, (_, index) => `k-${index}`);
  for (let start = 0; start < count; start += 100) {
    await Promise.all(
      names.slice(start, start + 100).map((name) => put(bench, certificate(name, "pebble", namespace))),
    );
  }
  let told = 0;
  const progress = setInterval(async () => {
    const ready = [...(await readiness(bench, namespace)).values()].filter(({ status }) => status === "True").length;
    if (ready !== told)
      bench.tell(`1,000 at once: ${ready} Ready after ${Math.round((performance.now() - began) / 1_000)} s`);
    told = ready;
  }, 10_000);
  try {
    await untilReady(bench, namespace, count, 400, 1_000).catch((error: unknown) => bench.tell(String(error)));
  } finally {
    clearInterval(progress);
  }
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const rows = [...(await readiness(bench, namespace)).values()];
  return { seconds, failed: count - rows.filter(({ status }) => status === "True").length };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
