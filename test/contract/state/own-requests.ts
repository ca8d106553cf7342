import { describe, expect, it } from "vitest";
import { refOf } from "../../../core/attempt-ref.ts";
import { idOf } from "../../../core/resource.ts";
import type { CertificateRow } from "../../../core/rows.ts";
import { certificateKey, csrItem, newAttempt, newCertificate, newIssuer, noon } from "../../support/realistic-rows.ts";
import { allOf, type MakeState } from "./make.ts";

/** CertificateRequests beside Certificates of the same name. */
export function testOwnRequests(makeState: MakeState): void {
  const certificate = certificateKey("www");
  const key = { ...certificate, kind: "CertificateRequest" } as const;
  const attemptId = "00000000-0000-4000-8000-00000000000a";
  const ref = refOf(key, attemptId);
  const said = { status: "True", lastTransitionTime: "2026-11-22T12:00:00Z", observedGeneration: 1 } as const;
  const row = (changes: Partial<CertificateRow> = {}): CertificateRow => ({
    ...newCertificate({ key, issuer: idOf(newIssuer().key) }),
    own: {
      made: { spec: "a", annotations: "b" },
      approved: { ...said, type: "Approved", reason: "cert-manager.io", message: "approved" },
      denied: { ...said, type: "Denied", reason: "NameNotAllowed", message: "denied" },
      invalid: { ...said, type: "InvalidRequest", reason: "SpecChanged", message: "changed" },
      failureTime: "2026-11-22T12:00:00Z",
      signed: { attemptId, notBefore: noon, notAfter: noon + 1_000, fingerprint: "ab".repeat(32) },
    },
    ...changes,
  });

  describe("CertificateRequests", () => {
    it("have rows of their own, with every field", async () => {
      const state = await makeState();
      await state.putCertificate(newCertificate({ key: certificate }));
      expect(await state.putCertificate(row())).toBe("saved");
      expect(await state.certificate(key)).toEqual(row({ version: 1 }));
      expect((await state.certificate(certificate))?.own).toBeUndefined();
    });

    it("have attempts of their own, with what lies beside them", async () => {
      const state = await makeState();
      const theirs = refOf(certificate, attemptId);
      await state.createAttempt(newAttempt({ ref, reason: "DoesNotExist" }));
      await state.createAttempt(newAttempt({ ref: theirs, reason: "Renewing" }));
      expect((await state.attempts([ref])).get(attemptId)).toMatchObject({ ref, reason: "DoesNotExist" });
      expect((await state.attempts([theirs])).get(attemptId)).toMatchObject({ ref: theirs, reason: "Renewing" });
      expect((await state.attemptsOf(key)).map((one) => one.ref)).toEqual([ref]);
      await state.putCsr(ref, csrItem());
      await state.putChain(ref, { chain: "ours" }, noon / 1_000);
      expect([...(await state.csrs([ref])).keys(), ...(await state.csrs([theirs])).keys()]).toEqual([attemptId]);
      expect([await state.chain(ref), await state.chain(theirs)]).toEqual([{ chain: "ours" }, undefined]);
    });

    it("are due as Certificates are, and so are their records", async () => {
      const state = await makeState();
      await state.putCertificate(row({ dueAt: noon, lane: "new" }));
      await state.createAttempt(newAttempt({ ref, hasRecords: true, dueAt: noon }));
      const due = await state.due(new Date(noon), 10);
      expect(due).toContainEqual({ what: "certificate", key, dueAt: noon, lane: "new" });
      expect(due).toContainEqual(expect.objectContaining({ what: "records", ref }));
    });

    it("wait for their issuer, and are not issued again with its Certificates", async () => {
      const state = await makeState();
      const issuer = newIssuer().key;
      await state.putCertificate(row({ waitsForIssuer: true }));
      await state.putCertificate(newCertificate({ key: certificate, issuer: idOf(issuer) }));
      expect(await allOf(state.waitingFor(issuer))).toEqual([key]);
      expect(await allOf(state.usersOf(issuer))).toEqual([certificate]);
      expect(await allOf(state.scanKeys())).toContainEqual(key);
    });
  });
}
