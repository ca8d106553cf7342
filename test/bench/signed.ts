import { type Bench, certificate, put, untilReady } from "./bench-stack.ts";
import type { BenchReport } from "./budgets.ts";

const namespace = "bench-signed";
const warmRuns = 5;

/** Certificates of a `ca` issuer, apply to Ready: one by one, and 100 at once. RSA 2048, as cert-manager makes without a word. */
export async function signed(bench: Bench): Promise<BenchReport["signed"]> {
  await authority(bench);
  const one: number[] = [];
  for (let index = 0; index <= warmRuns; index += 1) {
    const began = performance.now();
    await put(bench, leaf(`one-${index}`, "bench-signed-one"));
    await untilReady(bench, "bench-signed-one", index + 1, 60);
    one.push(Math.round(performance.now() - began));
    bench.tell(`one by a ca issuer, run ${index} of ${warmRuns}: ${one.at(-1)} ms`);
  }
  const count = 100;
  const began = performance.now();
  await Promise.all(Array.from({ length: count }, (_, index) => put(bench, leaf(`many-${index}`, namespace))));
  await untilReady(bench, namespace, count, 120);
  const hundredSeconds = Math.round((performance.now() - began) / 100) / 10;
  bench.tell(`100 by a ca issuer: ${hundredSeconds} s`);
  const warm = one.slice(1).sort((a, b) => a - b);
  return { oneMs: warm[Math.floor(warm.length / 2)] ?? Number.NaN, hundredSeconds };
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
  await untilReady(bench, "cert-manager", 1, 60);
}

function leaf(name: string, space: string) {
  const made = certificate(name, "bench-ca", space);
  return { ...made, spec: { ...(made.spec as object), privateKey: { algorithm: "RSA", size: 2048 } } };
}
