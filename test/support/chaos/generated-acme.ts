import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect } from "vitest";
import { fromItem, toItem } from "../../../adapters/aws/dynamo/expressions.ts";
import {
  fromAttemptItem,
  fromCertificateItem,
  toAttemptItem,
  toCertificateItem,
} from "../../../adapters/aws/state/rows.ts";
import { acme } from "../../../adapters/issuers/acme.ts";
import type { Deps } from "../../../core/deps.ts";
import type { AttemptRef } from "../../../core/rows.ts";
import { type FakeAcme, startFakeAcme } from "../fake-acme.ts";
import { openPipeline, type Pipeline } from "../pipeline.ts";
import { certificateSpec } from "../specs.ts";
import { type Answers, generatedAnswers } from "./generated-answers.ts";
import { seed } from "./generated-values.ts";
import { anyRsaKey, day, minute } from "./time-world.ts";

const issuersAtOnce = 5;
const certificatesAtOnce = 20;

interface Hostile {
  p: Pipeline;
  fake: FakeAcme;
  answers: Answers;
  created: AttemptRef[];
}

/** Lets a CA give so many wrong answers; throws when one crashes a step, costs a certificate, or is stored. */
export async function answerWrongly(count: number): Promise<string> {
  const open: { p?: Pipeline } = {};
  const start = new Date("2026-11-22T12:00:00Z");
  const fake = await startFakeAcme({
    clock: { now: () => open.p?.time.now() ?? start },
    lookupTxt: (name) => open.p?.dns.values(name) ?? [],
    // Each step opens a connection of its own: thousands of idle ones would fill the memory.
    keepAliveMs: 1_000,
  });
  try {
    fake.ca.knobs.profiles = { default: 90 * 86_400 };
    const p = await openPipeline({
      ...{ start, keys: anyRsaKey, ca: fake.ca, sweepSeconds: 300 },
      around: ({ deps }, run) => run(overTheWire(deps, fake)),
    });
    open.p = p;
    const hostile = { p, fake, answers: generatedAnswers(fake), created: watchAttempts(p) };
    let rounds = 0;
    for (; hostile.answers.given() < count; rounds += 1) {
      expect(rounds, "wrong answers reach us").toBeLessThan(count);
      await applyRound(hostile, rounds);
      await p.time.runUntil(new Date(p.time.now().getTime() + 20 * minute));
    }
    const given = hostile.answers.given();
    hostile.answers.stop();
    // The CA is well from here on; it may have told somebody to come back in a week.
    await p.time.runUntil(new Date(p.time.now().getTime() + 8 * day));
    return `seed ${seed}: ${given} wrong answers; ${await outcomes(hostile, rounds * certificatesAtOnce)}`;
  } finally {
    await fake.close();
  }
}

/** The adapter that production uses, over TLS on the loopback. */
function overTheWire(deps: Deps, fake: FakeAcme): Deps {
  const config = { server: fake.url, caBundle: fake.caBundle };
  const usual = { clock: deps.clock, allowedPrivateHosts: ["127.0.0.1"], userAgent: "certwright/test" };
  return {
    ...deps,
    acmeRegistrar: async ({ accountKeyPem }) => acme.create(config, { ...usual, accountKeyPem }),
    acme: async ({ key, acme: account }) => {
      const store = await deps.store("secretsManager");
      const secret = await store.read(`certwright/${key.namespace}/${account?.keySecretName}`);
      const accountKeyPem = String(JSON.parse(secret?.value ?? "{}")["tls.key"]);
      const { accountUrl, directory } = account ?? {};
      return acme.create(config, { ...usual, accountKeyPem, accountUrl, directory });
    },
  };
}

function watchAttempts(p: Pipeline): AttemptRef[] {
  const created: AttemptRef[] = [];
  const { createAttempt } = p.state;
  p.state.createAttempt = (row) => {
    created.push(row.ref);
    return createAttempt(row);
  };
  return created;
}

/** Some issuers, with another contact each time, so that their accounts are looked at again; and Certificates of theirs. */
async function applyRound({ p, fake }: Hostile, round: number): Promise<void> {
  for (let index = 0; index < issuersAtOnce; index += 1) {
    const more = { server: fake.url, email: `ops${round}@example.test` };
    await p.issuer(`ca${index}`, more);
  }
  for (let index = 0; index < certificatesAtOnce; index += 1) {
    const issuerRef = { name: `ca${index % issuersAtOnce}`, kind: "ClusterIssuer" };
    const name = `g${round}-${index}`;
    await p.apply(`web/${name}`, certificateSpec(name, { issuerRef }));
  }
}

async function outcomes({ p, fake, created }: Hostile, certificates: number): Promise<string> {
  const bugs = p.logs.filter(({ errorClass, event }) => errorClass === "Bug" || event === "bug");
  expect(bugs, `bugs (seed ${seed})`).toEqual([]);
  expect(p.executions.filter(({ status }) => status !== "SUCCEEDED")).toEqual([]);
  expect(p.dns.names(), "records left").toEqual([]);
  const ids = [...new Set(created.map(({ name }) => name))];
  expect(ids.length, "none is lost").toBe(certificates);
  for (const name of ids) await stored(p, fake, name);
  const ended = new Map<string, number>();
  for (const attempt of (await p.state.attempts(created)).values()) {
    expect(fromAttemptItem(fromItem(toItem(toAttemptItem(attempt))))).toEqual(attempt);
    const { result = "open", errorClass = "", reason = "" } = attempt.outcome ?? {};
    expect(["issued", "failed", "superseded"], `${attempt.ref.name} ${result}`).toContain(result);
    expect(errorClass, attempt.ref.name).not.toBe("Bug");
    ended.set(reason, (ended.get(reason) ?? 0) + 1);
  }
  const reasons = [...ended].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${count} ${reason}`);
  return `${certificates} Certificates all Ready; attempts: ${reasons.join(", ")}`;
}

/** Ready, and the secret holds a certificate of this CA for this name and key. */
async function stored(p: Pipeline, fake: FakeAcme, name: string): Promise<void> {
  const row = await p.row(`web/${name}`);
  expect(row?.ready, name).toMatchObject({ status: "True", reason: "Ready" });
  if (row) expect(fromCertificateItem(fromItem(toItem(toCertificateItem(row)))).issued).toEqual(row.issued);
  const secret = await p.secret("web", `${name}-tls`);
  const [leaf, intermediate] = (secret?.["tls.crt"] ?? "")
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .map((pem) => new X509Certificate(pem));
  expect(leaf?.subjectAltName, name).toBe(`DNS:${name}.example.test`);
  expect(leaf?.checkPrivateKey(createPrivateKey(secret?.["tls.key"] ?? "")), name).toBe(true);
  const root = new X509Certificate(fake.ca.rootPem);
  if (intermediate) expect(intermediate.verify(root.publicKey), name).toBe(true);
}
