import { describe, expect, it } from "vitest";
import type { SecretClaim } from "../../../core/rows.ts";
import { attemptRefOf } from "../../support/realistic-rows.ts";
import { type MakeState, times } from "./make.ts";

/** Who needs a TXT value, and who may write a secret. */
export function testClaims(makeState: MakeState): void {
  const record = { name: "_acme-challenge.example.com", value: "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ" };

  describe("claimRecord and releaseRecord", () => {
    it("knows whether others needed the value before, and whether nobody needs it now", async () => {
      const state = await makeState();
      expect(await state.claimRecord(record, attemptRefOf(1))).toEqual({ others: false });
      expect(await state.claimRecord(record, attemptRefOf(1))).toEqual({ others: false });
      expect(await state.claimRecord(record, attemptRefOf(2))).toEqual({ others: true });
      expect(await state.claimRecord(record, attemptRefOf(1))).toEqual({ others: true });
      expect(await state.releaseRecord(record, attemptRefOf(1))).toEqual({ last: false });
      expect(await state.releaseRecord(record, attemptRefOf(1))).toEqual({ last: false });
      expect(await state.releaseRecord(record, attemptRefOf(2))).toEqual({ last: true });
    });

    it("starts anew after the last one left, and answers last to a repeated release", async () => {
      const state = await makeState();
      await state.claimRecord(record, attemptRefOf(1));
      expect(await state.releaseRecord(record, attemptRefOf(1))).toEqual({ last: true });
      expect(await state.releaseRecord(record, attemptRefOf(1))).toEqual({ last: true });
      expect(await state.claimRecord(record, attemptRefOf(2))).toEqual({ others: false });
    });

    it("keeps values and names apart", async () => {
      const state = await makeState();
      await state.claimRecord(record, attemptRefOf(1));
      expect(await state.claimRecord({ ...record, value: "other" }, attemptRefOf(2))).toEqual({ others: false });
      expect(await state.claimRecord({ ...record, name: "_acme-challenge.a" }, attemptRefOf(3))).toEqual({
        others: false,
      });
    });

    it("tells exactly one of many at once that it was first, and exactly one that it was last", async () => {
      const state = await makeState();
      const refs = times(8, (index) => attemptRefOf(index));
      const claims = await Promise.all(refs.map((ref) => state.claimRecord(record, ref)));
      expect(claims.filter(({ others }) => !others)).toHaveLength(1);
      const releases = await Promise.all(refs.map((ref) => state.releaseRecord(record, ref)));
      expect(releases.filter(({ last }) => last)).toHaveLength(1);
    });
  });

  describe("claimAnswer, releaseAnswer and answerTo", () => {
    const answer = {
      token: "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJyPCt",
      keyAuthorization: "evaGxfADs6pSRb2LAv9IZf17.print",
    };

    it("gives an answer while some attempt needs it, and to its own token only", async () => {
      const state = await makeState();
      expect(await state.answerTo(answer.token)).toBeUndefined();
      await state.claimAnswer(answer, attemptRefOf(1));
      await state.claimAnswer(answer, attemptRefOf(1));
      await state.claimAnswer(answer, attemptRefOf(2));
      expect(await state.answerTo(answer.token)).toBe(answer.keyAuthorization);
      expect(await state.answerTo(`${answer.token}x`)).toBeUndefined();
      await state.releaseAnswer(answer.token, attemptRefOf(1));
      expect(await state.answerTo(answer.token)).toBe(answer.keyAuthorization);
      await state.releaseAnswer(answer.token, attemptRefOf(2));
      expect(await state.answerTo(answer.token)).toBeUndefined();
    });

    it("keeps it for the others when somebody releases what he never claimed, or twice", async () => {
      const state = await makeState();
      await state.claimAnswer(answer, attemptRefOf(1));
      await state.releaseAnswer(answer.token, attemptRefOf(2));
      await state.releaseAnswer(answer.token, attemptRefOf(2));
      expect(await state.answerTo(answer.token)).toBe(answer.keyAuthorization);
      await state.releaseAnswer(answer.token, attemptRefOf(1));
      await state.releaseAnswer(answer.token, attemptRefOf(1));
      expect(await state.answerTo(answer.token)).toBeUndefined();
    });
  });

  describe("claimSecret", () => {
    const claim: SecretClaim = {
      namespace: "web",
      secretName: "www-tls",
      owner: "Certificate/www",
      store: "secretsManager",
    };
    const other: SecretClaim = { ...claim, owner: "Certificate/other", store: "s3" };

    it("gives a free name to the first and shows him to everybody after", async () => {
      const state = await makeState();
      expect(await state.secretClaim("web", "www-tls")).toBeUndefined();
      expect(await state.claimSecret(claim)).toEqual(claim);
      expect(await state.claimSecret(other)).toEqual(claim);
      expect(await state.claimSecret(claim)).toEqual(claim);
      expect(await state.secretClaim("web", "www-tls")).toEqual(claim);
    });

    it("shows the claims of many names, also the same name of two namespaces and released ones", async () => {
      const state = await makeState();
      const inMail = { ...other, namespace: "mail" };
      const released = { ...claim, secretName: "old-tls" };
      for (const one of [claim, inMail, released]) await state.claimSecret(one);
      await state.releaseSecret("web", "old-tls", claim.owner, 5);
      const shown = await state.secretClaims([
        { namespace: "mail", secretName: "www-tls" },
        { namespace: "web", secretName: "www-tls" },
        { namespace: "web", secretName: "old-tls" },
        { namespace: "web", secretName: "free-tls" },
        { namespace: "web", secretName: "www-tls" },
      ]);
      const distinct = new Set(shown.map((one) => JSON.stringify(one)));
      expect(distinct).toEqual(
        new Set([claim, inMail, { ...released, releasedAt: 5 }].map((one) => JSON.stringify(one))),
      );
      expect(await state.secretClaims([])).toEqual([]);
    });

    it("lets exactly one of many at once have it", async () => {
      const state = await makeState();
      const owners = times(8, (index) => `Certificate/c-${index}`);
      const standing = await Promise.all(owners.map((owner) => state.claimSecret({ ...claim, owner })));
      expect(new Set(standing.map(({ owner }) => owner)).size).toBe(1);
    });

    it("keeps the same name in two namespaces apart", async () => {
      const state = await makeState();
      await state.claimSecret(claim);
      expect(await state.claimSecret({ ...other, namespace: "mail" })).toEqual({ ...other, namespace: "mail" });
    });

    it("may be taken again in its namespace when its owner released it, not before and by nobody else", async () => {
      const state = await makeState();
      await state.claimSecret(claim);
      await state.releaseSecret("web", "www-tls", "Certificate/other", 5);
      expect(await state.claimSecret(other)).toEqual(claim);
      await state.releaseSecret("web", "www-tls", claim.owner, 5);
      await state.releaseSecret("web", "www-tls", claim.owner, 9);
      expect(await state.secretClaim("web", "www-tls")).toEqual({ ...claim, releasedAt: 5 });
      expect(await state.claimSecret(other)).toEqual(other);
      expect(await state.secretClaim("web", "www-tls")).toEqual(other);
    });

    it("releases nothing where nothing was claimed", async () => {
      const state = await makeState();
      await state.releaseSecret("web", "www-tls", claim.owner, 5);
      expect(await state.secretClaim("web", "www-tls")).toBeUndefined();
    });
  });
}
