import { describe, expect, it } from "vitest";
import type { Due } from "../../../core/ports.ts";
import type { CertificateRow, Issued } from "../../../core/rows.ts";
import {
  attemptRefOf,
  certificateKey,
  newAttempt,
  newCertificate,
  newIssuer,
  noon,
  renewingCertificate,
} from "../../support/realistic-rows.ts";
import { type MakeState, times } from "./make.ts";

/** The due index. */
export function testDue(makeState: MakeState): void {
  const at = (milliseconds: number) => new Date(noon + milliseconds);
  const certificate = (name: string, changes: Partial<CertificateRow>) =>
    newCertificate({ key: certificateKey(name), lane: "new", ...changes });
  const named = (due: Due[]) => due.map((one) => ("ref" in one ? one.ref.attemptId : one.key.name));

  describe("due", () => {
    it("answers what is due at this instant, never earlier, and not what has nothing to do", async () => {
      const state = await makeState();
      await state.putCertificate(certificate("passed", { dueAt: noon - 1 }));
      await state.putCertificate(certificate("now", { dueAt: noon }));
      await state.putCertificate(certificate("later", { dueAt: noon + 1 }));
      await state.putCertificate(certificate("idle", {}));
      expect(named(await state.due(at(0), 10))).toEqual(["passed", "now"]);
      expect(named(await state.due(at(1), 10))).toEqual(["passed", "now", "later"]);
    });

    it("answers renewals first, each lane oldest first, at most as many as asked", async () => {
      const state = await makeState();
      const order = [4, 1, 3, 0, 2];
      for (const step of order) {
        await state.putCertificate(certificate(`new-${step}`, { dueAt: noon - 100 + step }));
        await state.putCertificate(certificate(`renew-${step}`, { dueAt: noon - 50 + step, lane: "renew" }));
      }
      const all = ["renew-0", "renew-1", "renew-2", "renew-3", "renew-4", "new-0", "new-1", "new-2", "new-3", "new-4"];
      expect(named(await state.due(at(0), 100))).toEqual(all);
      expect(named(await state.due(at(0), 7))).toEqual(all.slice(0, 7));
      expect(named(await state.due(at(0), 2))).toEqual(all.slice(0, 2));
    });

    it("follows a row that is due at another time, in another lane, or no more", async () => {
      const state = await makeState();
      for (const name of ["later", "renewed", "idle"]) {
        await state.putCertificate(certificate(name, { dueAt: noon - 10 }));
      }
      await state.putCertificate(certificate("later", { version: 1, dueAt: noon + 10 }));
      await state.putCertificate(certificate("renewed", { version: 1, dueAt: noon - 5, lane: "renew" }));
      await state.putCertificate(certificate("idle", { version: 1 }));
      expect(await state.due(at(0), 10)).toEqual([
        { what: "certificate", key: certificateKey("renewed"), dueAt: noon - 5, lane: "renew" },
      ]);
    });

    it("tells certificates, issuers and records apart", async () => {
      const state = await makeState();
      const tenants = { namespace: "web", kind: "Issuer", name: "le" } as const;
      await state.putCertificate(certificate("c", { dueAt: noon - 4 }));
      await state.putIssuer(newIssuer({ dueAt: noon - 3, lane: "new" }));
      await state.putIssuer(newIssuer({ key: tenants, dueAt: noon - 2, lane: "new" }));
      await state.createAttempt(newAttempt({ hasRecords: true, dueAt: noon - 1 }));
      expect(await state.due(at(0), 10)).toEqual([
        { what: "certificate", key: certificateKey("c"), dueAt: noon - 4, lane: "new" },
        { what: "issuer", key: newIssuer().key, dueAt: noon - 3, lane: "new" },
        { what: "issuer", key: tenants, dueAt: noon - 2, lane: "new" },
        { what: "records", ref: attemptRefOf(1), dueAt: noon - 1, lane: "new" },
      ]);
    });

    it("tells certificates that work and are only looked at from first issuances, and leaves renewals alone", async () => {
      const state = await makeState();
      const { issued } = renewingCertificate();
      if (!issued) throw new Error("it was issued");
      await state.putCertificate(certificate("first", { dueAt: noon - 3 }));
      await state.putCertificate(certificate("looked", { dueAt: noon - 2, issued }));
      await state.putCertificate(certificate("renewed", { dueAt: noon - 1, issued, lane: "renew" }));
      expect(await state.due(at(0), 10)).toEqual([
        { what: "certificate", key: certificateKey("renewed"), dueAt: noon - 1, lane: "renew" },
        { what: "certificate", key: certificateKey("first"), dueAt: noon - 3, lane: "new" },
        { what: "look", key: certificateKey("looked"), dueAt: noon - 2, lane: "new" },
      ]);
    });

    it("finds attempts only while they have records", async () => {
      const state = await makeState();
      await state.createAttempt(newAttempt({ dueAt: noon }));
      await state.createAttempt(newAttempt({ ref: attemptRefOf(2), lane: "renew", hasRecords: true, dueAt: noon }));
      await state.createAttempt(newAttempt({ ref: attemptRefOf(3), hasRecords: true, dueAt: noon }));
      await state.leaseAttempt(attemptRefOf(2), "lease-2");
      await state.putAttempt(newAttempt({ ref: attemptRefOf(3) }));
      expect(await state.due(at(0), 10)).toEqual([
        { what: "records", ref: attemptRefOf(2), dueAt: noon, lane: "renew" },
      ]);
      await state.recordsGone(attemptRefOf(2));
      expect(await state.due(at(0), 10)).toEqual([]);
    });

    it("finds all of three hundred in order", async () => {
      const state = await makeState();
      await Promise.all(times(300, (step) => state.putCertificate(certificate(`c-${step}`, { dueAt: noon - step }))));
      expect(named(await state.due(at(0), 1_000))).toEqual(times(300, (step) => `c-${299 - step}`));
      expect(named(await state.due(at(0), 30))).toEqual(times(30, (step) => `c-${299 - step}`));
    });
  });

  describe("smallestMargin", () => {
    const day = 86_400_000;
    const living = (name: string, livedDays: number, changes: Partial<CertificateRow> = {}) => {
      const issued = renewingCertificate().issued as Issued;
      const notBefore = noon - livedDays * day;
      return certificate(name, {
        lane: "renew",
        dueAt: noon,
        issued: { ...issued, notBefore, notAfter: notBefore + 100 * day },
        ...changes,
      });
    };

    it("answers the smallest share of life that is left among renewals due before an instant", async () => {
      const state = await makeState();
      await state.putCertificate(living("a", 70));
      await state.putCertificate(living("b", 82));
      await state.putCertificate(living("due too late", 95, { dueAt: noon + 1_000 }));
      await state.putCertificate(living("not a renewal", 99, { lane: "new" }));
      await state.createAttempt(newAttempt({ lane: "renew", hasRecords: true, dueAt: noon }));
      expect(await state.smallestMargin(at(0), at(1_000))).toBeCloseTo(0.18, 9);
      expect(await state.smallestMargin(at(0), at(1_001))).toBeCloseTo(0.05, 9);
    });

    it("is negative after the end of life and undefined when no renewal is due", async () => {
      const state = await makeState();
      await state.putCertificate(living("expired", 110));
      expect(await state.smallestMargin(at(0), at(1))).toBeCloseTo(-0.1, 9);
      expect(await state.smallestMargin(at(0), at(0))).toBeUndefined();
    });
  });
}
