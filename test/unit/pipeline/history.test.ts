import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { historyOf } from "../../../cli/issuance-history.ts";
import type { Installation } from "../../../cli/verb.ts";
import type { ResourceKey } from "../../../core/resource.ts";
import { type Around, openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const key: ResourceKey = { namespace: "web", kind: "Certificate", name: "www" };
const dayMs = 86_400_000;

/** What `certwright history www` reads now, after DynamoDB has removed all that has expired. */
async function history(p: Pipeline) {
  p.state.expire(p.time.now());
  return historyOf(p as unknown as Installation, key);
}

const days = async (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * dayMs));

const untilRevision = async (p: Pipeline, revision: number) => {
  await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === revision, 400 * dayMs);
  await p.time.runUntil(new Date(p.time.now().getTime() + 10_000));
};

const numbers = async (p: Pipeline) => (await history(p)).revisions.map(({ revision }) => revision);

async function opened(more: object, around?: Around) {
  const p = await openPipeline({ sweepSeconds: 3_600, ...(around ? { around } : {}) });
  p.ca.knobs.profiles.default = 7 * 86_400;
  await p.issuer();
  await p.apply("web/www", spec("www", more));
  await untilRevision(p, 1);
  return p;
}

/** Notes what Write secret asks State for the history. */
function noting(asked: string[]): Around {
  return async ({ name, deps }, run) => {
    if (name !== "WriteSecret") return run(deps);
    const noted: Pick<typeof deps.state, "attemptsOf" | "keepAttempt"> = {
      attemptsOf: (...args) => {
        asked.push("attemptsOf");
        return deps.state.attemptsOf(...args);
      },
      keepAttempt: (...args) => {
        asked.push("keepAttempt");
        return deps.state.keepAttempt(...args);
      },
    };
    return run({ ...deps, state: { ...deps.state, ...noted } });
  };
}

describe("the history of a Certificate", () => {
  it("has one revision unless the spec wants more, as long as it is in use, and reads and writes nothing for it", async () => {
    const asked: string[] = [];
    const p = await opened({}, noting(asked));
    await untilRevision(p, 2);
    p.ca.knobs.profiles.default = 90 * 86_400;
    await untilRevision(p, 3);
    await days(p, 55);
    const { revisions } = await history(p);
    expect(revisions).toMatchObject([{ revision: 3, current: true, reason: "Renewing", issuedAt: expect.any(String) }]);
    expect(asked).toEqual([]);
  });

  it("is kept so far ahead that most issuances write nothing for it", async () => {
    const asked: string[] = [];
    const p = await opened({ revisionHistoryLimit: 3 }, noting(asked));
    p.ca.knobs.profiles.default = 90 * 86_400;
    await untilRevision(p, 8);
    expect(await numbers(p)).toEqual([8, 7, 6]);
    expect(asked.filter((method) => method === "attemptsOf")).toHaveLength(8);
    // One for each of the long ones, and two for the short one before them.
    expect(asked.filter((method) => method === "keepAttempt")).toHaveLength(8);
  });

  it("counts as the attempts say, also where one died before it could write that it had issued", async () => {
    let deaths = 0;
    const around: Around = async ({ name, deps }, run) => {
      if (name !== "WriteSecret" || deaths > 0) return run(deps);
      const putAttempt: typeof deps.state.putAttempt = async (row) => {
        if (row.outcome?.result !== "issued") return deps.state.putAttempt(row);
        deaths += 1;
        throw new Error("dead");
      };
      return run({ ...deps, state: { ...deps.state, putAttempt }, log: () => undefined });
    };
    const p = await opened({ revisionHistoryLimit: 3 }, around);
    await untilRevision(p, 3);
    expect(deaths).toBeGreaterThan(0);
    const attempts = await p.state.attemptsOf(key);
    expect(attempts.map(({ revision }) => revision)).toEqual([3, 2, 1]);
    for (const { startedAt, expiresAt = 0 } of attempts)
      expect(expiresAt * 1_000).toBeGreaterThan(startedAt + 36 * dayMs);
    expect(await numbers(p)).toEqual([3, 2, 1]);
  });

  it("has exactly as many as the spec says, each with what it was, over months of renewals", async () => {
    const p = await opened({ revisionHistoryLimit: 4 });
    const serials: string[] = [];
    for (let revision = 1; revision <= 30; revision += 1) {
      await untilRevision(p, revision);
      const leaf = new X509Certificate((await p.secret("web", "www-tls"))?.["tls.crt"] ?? "");
      serials.unshift(leaf.serialNumber.toLowerCase());
      const { revisions, failedSince } = await history(p);
      expect(revisions.map((one) => one.serialNumber)).toEqual(serials.slice(0, 4));
      expect(revisions.map((one) => one.revision)).toEqual(
        [0, 1, 2, 3].map((back) => revision - back).filter((one) => one > 0),
      );
      expect(failedSince).toEqual([]);
    }
    const { revisions } = await history(p);
    for (const { certificate, request, serialNumber } of revisions) {
      expect(new X509Certificate(certificate ?? "").serialNumber.toLowerCase()).toBe(serialNumber);
      expect(request).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----\nMI/);
    }
  });

  it("keeps them also when the certificates become longer than the old ones were kept", async () => {
    const p = await opened({ revisionHistoryLimit: 3 });
    await untilRevision(p, 2);
    p.ca.knobs.profiles.default = 90 * 86_400;
    await untilRevision(p, 3);
    await days(p, 55);
    expect(await numbers(p)).toEqual([3, 2, 1]);
    expect((await history(p)).revisions.map(({ reason }) => reason)).toEqual(["Renewing", "Renewing", "DoesNotExist"]);
    expect((await history(p)).revisions.every(({ certificate, request }) => certificate && request)).toBe(true);
  });

  it("gets shorter at once with the limit, and nothing of it stays for ever", async () => {
    const p = await opened({ revisionHistoryLimit: 3 });
    await untilRevision(p, 3);
    await p.apply("web/www", spec("www"));
    await days(p, 0.01);
    expect(await numbers(p)).toEqual([3]);
    await p.delete("web/www");
    await days(p, 90);
    p.state.expire(p.time.now());
    expect(await p.state.attemptsOf(key, 99)).toEqual([]);
  });

  it("tells what failed since", async () => {
    const p = await opened({ revisionHistoryLimit: 2 });
    await untilRevision(p, 2);
    p.ca.knobs.refusedNames.set("www.example.test", "not this one");
    await p.apply("web/www", spec("www", { revisionHistoryLimit: 2, usages: ["digital signature"] }));
    await days(p, 0.01);
    const { revisions, failedSince } = await history(p);
    expect(revisions.map(({ revision, current }) => [revision, current])).toEqual([
      [2, true],
      [1, false],
    ]);
    expect(failedSince).toMatchObject([
      { why: "RequestChanged", step: "create-order", message: expect.stringContaining("not this one") },
    ]);
  });

  it("makes good what a death left out", async () => {
    let dead = true;
    const around: Around = async ({ deps }, run) =>
      run({
        ...deps,
        state: {
          ...deps.state,
          keepAttempt: async (ref, expiresAt) => {
            if (dead) throw new Error("away");
            return deps.state.keepAttempt(ref, expiresAt);
          },
        },
      });
    const p = await opened({ revisionHistoryLimit: 3 }, around);
    p.ca.knobs.profiles.default = 90 * 86_400;
    await untilRevision(p, 2);
    expect(p.logs.filter(({ event }) => event === "history-not-kept").length).toBeGreaterThan(0);
    expect(await p.ready("web/www")).toBe(true);
    dead = false;
    await untilRevision(p, 3);
    await days(p, 55);
    expect(await numbers(p)).toEqual([3, 2, 1]);
  });
});
