import { makePrivateKey } from "../../adapters/keys/private-key.ts";
import { concurrently } from "../../core/concurrently.ts";
import { type Bench, certificate, put, statesEntered, untilEachReady } from "./bench-stack.ts";
import type { BenchReport } from "./budgets.ts";

const namespace = "bench-signed";
const warmRuns = 5;

/** Certificates of a `ca` issuer, apply to Ready: one by one, and 100 at once. RSA 2048, as cert-manager makes without a word. */
export async function signed(bench: Bench): Promise<BenchReport["signed"]> {
  await authority(bench);
  const one: number[] = [];
  for (let index = 0; index <= warmRuns; index += 1) {
    one.push(Math.round(await timed(bench, [`one-${index}`])));
    bench.tell(`one by a ca issuer, run ${index} of ${warmRuns}: ${one.at(-1)} ms`);
  }
  const names = Array.from({ length: 100 }, (_, index) => `many-${index}`);
  const since = new Date();
  bench.stack.recorder.clear();
  const hundredSeconds = Math.round((await timed(bench, names)) / 100) / 10;
  const { executions } = await statesEntered(bench, since);
  // The sweep has its own minute.
  const calls = bench.stack.recorder
    .list()
    .filter(({ function: caller }) => caller !== undefined && caller !== "sweep");
  bench.tell(`100 by a ca issuer: ${hundredSeconds} s, ${executions} executions, ${calls.length} calls`);
  const keysAloneSeconds = await secondsOfKeys(names.length);
  const warm = one.slice(1).sort((a, b) => a - b);
  const callsPerCertificate = Math.round(calls.length / 10) / 10;
  const oneMs = warm[Math.floor(warm.length / 2)] ?? Number.NaN;
  return { oneMs, hundredSeconds, keysAloneSeconds, callsPerCertificate };
}

/** Milliseconds from the first put to the last Ready. */
async function timed(bench: Bench, names: string[]): Promise<number> {
  const began = performance.now();
  await Promise.all(names.map((name) => put(bench, leaf(name))));
  await untilEachReady(bench, namespace, names, 120);
  return performance.now() - began;
}

/** RSA 2048, as many at once as there are threads to make them. */
async function secondsOfKeys(count: number): Promise<number> {
  const began = performance.now();
  await concurrently(4, Array.from({ length: count }), () => makePrivateKey({ algorithm: "RSA", size: 2048 }));
  return Math.round((performance.now() - began) / 10) / 100;
}

/** A root in cert-manager's namespace, and a ClusterIssuer that signs with it. */
async function authority(bench: Bench): Promise<void> {
  const metadata = { name: "bench-root", namespace: "cert-manager" };
  const issuer = { kind: "Issuer", metadata: { ...metadata, name: "bench-self-signed" }, spec: { selfSigned: {} } };
  const spec = {
    isCA: true,
    commonName: "Bench Root",
    secretName: "bench-root",
    issuerRef: { name: "bench-self-signed" },
    privateKey: { algorithm: "ECDSA", size: 256 },
  };
  await put(bench, issuer);
  await put(bench, { kind: "Certificate", metadata, spec });
  await put(bench, {
    kind: "ClusterIssuer",
    metadata: { name: "bench-ca" },
    spec: { ca: { secretName: "bench-root" } },
  });
  await untilEachReady(bench, "cert-manager", ["bench-root"], 60);
}

function leaf(name: string) {
  const made = certificate(name, "bench-ca", namespace);
  return { ...made, spec: { ...(made.spec as object), privateKey: { algorithm: "RSA", size: 2048 } } };
}
