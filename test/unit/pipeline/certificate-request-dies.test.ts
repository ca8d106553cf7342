import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { refOf } from "../../../core/attempt-ref.ts";
import { type Pass, passing } from "../../support/explore/faulty-deps.ts";
import { ownRequest } from "../../support/own-request.ts";
import { acme, id, key } from "../../support/own-request-world.ts";
import { type Around, openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { inSeconds, privateCa } from "../../support/private-ca.ts";

type When = "before" | "after";

/** What a CertificateRequest runs through otherwise than a Certificate. */
const ours = ["Prepare", "FinalizeOrder", "Sign", "WriteSecret", "CleanUpChallenge"];
const ofAcme = ["FinalizeOrder", "WriteSecret"];
const ofAll = ["stream", "sweep", ...ours];

/** Kills the invocation of one of these functions that makes the n-th write, before or after that; the others live. */
function killing(nth: number, when: When, names: string[]) {
  const world = { armed: false, writes: 0, died: false };
  const hits = () => {
    world.writes += 1;
    const isIt = world.writes === nth && !world.died;
    world.died ||= isIt;
    return isIt;
  };
  const around: Around = async ({ name, deps }, run) => {
    if (!world.armed || !names.includes(name)) return run(deps);
    const life = { over: false };
    const pass: Pass = async ({ writes }, effect) => {
      if (life.over) throw new Error("dead");
      if (!writes || !hits()) return effect();
      life.over = true;
      if (when === "after") await effect();
      throw new Error("dead");
    };
    return run({ ...passing(deps, pass), log: () => undefined }).catch((error: unknown) => {
      throw life.over ? Object.assign(new Error("the Lambda died"), { name: "Lambda.Unknown" }) : error;
    });
  };
  return { world, around };
}

async function isServed(p: Pipeline): Promise<void> {
  const row = await p.row(id);
  expect(row?.ready).toMatchObject({ status: "True", reason: "Issued" });
  const attemptId = row?.own?.signed?.attemptId ?? "";
  const chain = await p.state.chain(refOf(key, attemptId));
  expect(new X509Certificate(chain?.chain ?? "").subjectAltName).toBe("DNS:www.example.test");
  expect([row?.dueAt, row?.attempt, row?.own?.failureTime]).toEqual([undefined, undefined, undefined]);
  const attempts = await p.state.attemptsOf(key);
  expect(attempts.find(({ ref }) => ref.attemptId === attemptId)?.outcome?.result).toBe("issued");
  expect(attempts.filter(({ outcome, hasRecords }) => !outcome || hasRecords)).toEqual([]);
}

interface Case {
  issuerRef: { name: string; kind?: string };
  names: string[];
  when: When;
}

/** Plays it once; answers whether somebody died. */
async function dyingAt(nth: number, request: string, { issuerRef, names, when }: Case): Promise<boolean> {
  const { world, around } = killing(nth, when, names);
  const p = await openPipeline({ around, sweepSeconds: 120 });
  if (issuerRef === acme) await p.issuer();
  else await privateCa(p);
  await p.time.runUntil(inSeconds(p, 30));
  world.armed = true;
  await p.apply(id, { request, issuerRef });
  await p.time.runUntil(inSeconds(p, 1_800));
  // A stream record is delivered again, or else the resync finds the request.
  p.resync();
  await p.time.runUntil(inSeconds(p, 3_600));
  await isServed(p);
  return world.died;
}

describe("whoever dies while a CertificateRequest is served", () => {
  const root = { name: "root" };

  it.each<[string, When, Case["issuerRef"], string[]]>([
    ["a private CA", "before", root, ofAll],
    ["a private CA", "after", root, ofAll],
    ["an ACME issuer", "after", acme, ofAcme],
  ])(
    "by %s, %s any one of the writes: it is signed once, and nothing is left",
    async (_, when, issuerRef, names) => {
      const { request } = await ownRequest();
      let nth = 1;
      while (await dyingAt(nth, request, { issuerRef, names, when })) nth += 1;
      expect(nth).toBeGreaterThan(3);
    },
    60_000,
  );
});
