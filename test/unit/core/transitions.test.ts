import { describe, expect, it } from "vitest";
import { decide } from "../../../core/decide.ts";
import type { CertificateRow } from "../../../core/rows.ts";
import {
  atGeneration,
  issuing,
  isValid,
  readyByCertificate,
  refused,
  tombstone,
  upToDate,
  waiting,
  withOptions,
} from "../../../core/transitions.ts";
import { at, day, factsOf, now, reasonOf, resourceOf, rowOf, type World } from "./decide/world.ts";

const key = { namespace: "web", kind: "Certificate", name: "www" } as const;
const why = { reason: "IssuerNotReady", message: "m", until: new Date(at(60_000)), waitsForIssuer: true };

describe("the row at the request's generation", () => {
  it("of a new object is generation 1, version 0 and not yet known to be ready", () => {
    expect(atGeneration(key, undefined, "h1", now)).toEqual({
      key,
      schema: 1,
      version: 0,
      generation: 1,
      specHash: "h1",
      ready: {
        type: "Ready",
        status: "Unknown",
        reason: "Pending",
        message: "",
        observedGeneration: 1,
        lastTransitionTime: "2026-11-22T12:00:00Z",
      },
    });
  });

  it("of an unchanged object is as it was", () => {
    const row = rowOf({ row: { generation: 4 } });
    expect(atGeneration(key, row, row.specHash, now)).toEqual(row);
  });

  it("of an edited object is the next generation and keeps everything else", () => {
    const row = rowOf({ row: { generation: 4, failedIssuanceAttempts: 2 } });
    expect(atGeneration(key, row, "h2", now)).toEqual({ ...row, specHash: "h2", generation: 5 });
  });

  it("of an object that was created again goes on counting and knows nothing of its earlier life", () => {
    const row = rowOf({ row: { generation: 4, version: 9, deletedAt: at(-1), expiresAt: 1 } });
    const again = atGeneration(key, row, row.specHash, now);
    expect(again).toMatchObject({ generation: 5, version: 9 });
    expect(Object.keys(again).sort()).toEqual([
      "generation",
      "key",
      "ready",
      "revision",
      "schema",
      "specHash",
      "version",
    ]);
  });
});

describe("a certificate that is not renewed by itself", () => {
  const row = rowOf({ issued: { renewalTime: at(9), notAfter: at(day) } });

  it("is looked at when it ends, in a lane whose margin nobody hears of", () => {
    const next = upToDate(row, undefined, now);
    expect(next).toMatchObject({ dueAt: at(day), lane: "new", ready: { status: "True" } });
    expect(next.issued).not.toHaveProperty("renewalTime");
  });

  it("is not looked at any more once it has ended, and is not Ready", () => {
    const next = upToDate(row, undefined, new Date(at(day)));
    expect(next).toMatchObject({ ready: { status: "False", reason: "Expired" } });
    expect(next).not.toHaveProperty("dueAt");
    expect(next).not.toHaveProperty("lane");
  });

  it("is due at its renewal again when the user wants that", () => {
    expect(upToDate(upToDate(row, undefined, now), at(5), now)).toMatchObject({
      dueAt: at(5),
      lane: "renew",
      issued: { renewalTime: at(5) },
    });
  });
});

describe("the options of a request", () => {
  const withPolicy = (policy: Record<string, string>) => {
    const annotations = Object.fromEntries(
      Object.entries(policy).map(([name, value]) => [`certwright.dev/${name}`, value]),
    );
    const { request } = factsOf({ annotations });
    if (!request?.ok) throw new Error("not parsed");
    return request.resource;
  };

  it("are kept on the row, because the request may be gone when they matter", () => {
    const wish = withPolicy({ "deletion-policy": "delete", "recovery-window-days": "9" });
    expect(withOptions(rowOf(), wish).recoveryDays).toBe(9);
  });

  it.each<[string, Record<string, string>]>([
    ["taken away", {}],
    ["turned to retain", { "deletion-policy": "retain", "recovery-window-days": "9" }],
  ])("are forgotten when the wish was %s", (_what, policy) => {
    expect(withOptions(rowOf({ row: { recoveryDays: 9 } }), withPolicy(policy))).not.toHaveProperty("recoveryDays");
  });
});

describe("a working certificate", () => {
  it.each<[string, World, boolean]>([
    ["is valid to the last millisecond", { issued: { notAfter: at(1) } }, true],
    ["is not valid at its end", { issued: { notAfter: at(0) } }, false],
    ["is not there when none was issued", { issued: null }, false],
  ])("%s", (_sentence, world, valid) => {
    expect(isValid(rowOf(world), now)).toBe(valid);
  });

  it("is Ready while it is valid, and Expired with its end afterwards", () => {
    expect(readyByCertificate(rowOf(), now)).toMatchObject({ status: "True", reason: "Ready" });
    const ended = rowOf({ issued: { notAfter: at(0) } });
    expect(readyByCertificate(ended, now)).toMatchObject({
      status: "False",
      reason: "Expired",
      message: "Certificate expired on 2026-11-22T12:00:00Z",
    });
  });

  it("keeps the time of its last transition while its status stays", () => {
    expect(readyByCertificate(rowOf(), now).lastTransitionTime).toBe("2026-10-23T12:00:00Z");
    const ended = rowOf({ issued: { notAfter: at(0) } });
    expect(readyByCertificate(ended, now).lastTransitionTime).toBe("2026-11-22T12:00:00Z");
  });

  it("says for which generation it speaks", () => {
    expect(readyByCertificate(rowOf({ row: { generation: 7 } }), now).observedGeneration).toBe(7);
  });

  it("has messages of at most 400 characters", () => {
    expect(issuing(rowOf(), "False", "X", "m".repeat(5_000), now).message).toHaveLength(400);
  });
});

describe("a row that waits", () => {
  it("without a certificate is Ready=False with the reason, due at the instant, in lane new", () => {
    const row = waiting(rowOf({ issued: null }), why, now);
    expect(row).toMatchObject({ dueAt: at(60_000), lane: "new", waitsForIssuer: true });
    expect(row.ready).toMatchObject({ status: "False", reason: "IssuerNotReady", message: "m" });
    expect(row.issuing).toMatchObject({ status: "False", reason: "IssuerNotReady" });
  });

  it("with a working certificate stays Ready, in lane renew", () => {
    const row = waiting(rowOf(), why, now);
    expect(row).toMatchObject({ lane: "renew", ready: { status: "True" }, issuing: { status: "False" } });
  });

  it("with a certificate that has ended is not Ready", () => {
    expect(waiting(rowOf({ issued: { notAfter: at(-1) } }), why, now).ready).toMatchObject({ reason: "Expired" });
  });

  it("for a token no longer waits for an issuer", () => {
    const row = waiting(
      rowOf({ row: { waitsForIssuer: true } }),
      { ...why, reason: "RateLimited", waitsForIssuer: false },
      now,
    );
    expect(row).not.toHaveProperty("waitsForIssuer");
  });

  it("keeps a released attempt, so that it resumes", () => {
    expect(waiting(rowOf({ row: { attempt: { id: "a2" } } }), why, now).attempt).toEqual({ id: "a2" });
  });

  it("has no lease any more: the execution died, and nobody would see an edit or a deletion until the instant", () => {
    const dead: World = { row: { attempt: { id: "a2", leaseId: "l1" }, dueAt: at(-1) }, issued: null };
    const row = waiting(rowOf(dead), { ...why, until: new Date(at(6 * 3_600_000)) }, now);
    expect(decide({ ...factsOf({ ...dead, spec: null }), row })).toEqual({ action: "forget" });
    const edited = { ...factsOf({ ...dead, spec: { duration: "48h" } }), row };
    expect(decide(edited)).toMatchObject({ action: "issue", reason: "DoesNotExist" });
  });
});

describe("a row whose execution died and that waits", () => {
  const dead: World = {
    row: { attempt: { id: "a2", leaseId: "l1", executionArn: "arn" }, dueAt: at(-1) },
    issued: null,
  };

  it("still goes on alone afterwards: it may be the one that killed its batch", () => {
    const row = waiting(rowOf(dead), { ...why, reason: "RateLimited", waitsForIssuer: false, until: now }, now);
    expect(decide({ ...factsOf(dead), row })).toMatchObject({ action: "issue", resume: true, alone: true });
  });
});

describe("a refused row", () => {
  const full = { dueAt: 1, lane: "new", attempt: { id: "a2" }, waitsForIssuer: true } as const;

  it("has nothing due and nothing under way until the object changes", () => {
    const row = refused(rowOf({ issued: null, row: full }), "InvalidSpec", "spec.x: y; z", now);
    for (const gone of ["dueAt", "lane", "attempt", "waitsForIssuer", "issuing"]) expect(row).not.toHaveProperty(gone);
    expect(row.ready).toMatchObject({ status: "False", reason: "InvalidSpec", message: "spec.x: y; z" });
  });

  it("keeps the working secret and says until when it is good", () => {
    const row = refused(rowOf(), "InvalidSpec", "spec.x: y; z", now);
    expect(row.issued).toEqual(rowOf().issued);
    expect(row.ready.message).toBe("spec.x: y; z; the stored secret stays, valid until 2027-01-21T12:00:00Z");
  });
});

describe("a row with nothing to do", () => {
  const busy = { issuing: issuing(rowOf(), "True", "X", "m", now), attempt: { id: "a2" }, waitsForIssuer: true };

  it("is due at its renewal, in lane renew, with nothing under way", () => {
    const row = upToDate(rowOf({ row: { ...busy, lane: "new" } }), at(9 * day), now);
    expect(row).toMatchObject({ dueAt: at(9 * day), lane: "renew", issued: { renewalTime: at(9 * day) } });
    for (const gone of ["attempt", "waitsForIssuer", "issuing"]) expect(row).not.toHaveProperty(gone);
  });

  it("forgets what an edit that was taken back had failed: a secret that is deleted then is made again at once", () => {
    const failed = rowOf({ row: { failedIssuanceAttempts: 1, dueAt: at(60_000), generation: 3 } });
    const row = upToDate(failed, at(30 * day), now);
    expect(decide({ ...factsOf({ secret: "absent" }), row })).toMatchObject({
      action: "issue",
      reason: "DoesNotExist",
    });
  });

  it("is Ready as its certificate says", () => {
    const expired = upToDate(rowOf({ issued: { notAfter: at(-1) } }), at(-2), now);
    expect(expired.ready).toMatchObject({ reason: "Expired" });
  });
});

describe("a tombstone", () => {
  const gone = tombstone(rowOf({ row: { version: 8, attempt: { id: "a2" }, recoveryDays: 7 } }), now);

  it("says that the request was deleted and holds nothing else", () => {
    const names = ["deletedAt", "expiresAt", "generation", "key", "ready", "revision", "schema", "specHash", "version"];
    expect(Object.keys(gone).sort()).toEqual(names);
    expect(gone).toMatchObject({ deletedAt: at(0), version: 8, ready: { status: "False", reason: "Deleted" } });
  });

  it("ends after 30 days, in seconds", () => {
    expect(gone.expiresAt).toBe((now.getTime() + 30 * day) / 1_000);
  });

  it("is what nothing late brings back to life", () => {
    expect(decide({ ...factsOf({ spec: null }), row: gone })).toEqual({ action: "nothing", reason: "Gone" });
  });
});

describe("no transition", () => {
  it("changes the row it was given", () => {
    const row: CertificateRow = rowOf({ row: { attempt: { id: "a2" } } });
    const before = JSON.stringify(row);
    atGeneration(key, row, "h2", now);
    withOptions(row, resourceOf());
    waiting(row, why, now);
    refused(row, "X", "m", now);
    upToDate(row, 1, now);
    tombstone(row, now);
    expect(JSON.stringify(row)).toBe(before);
    expect(reasonOf()).toBe("UpToDate");
  });
});
