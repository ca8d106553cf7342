import { describe, expect, it } from "vitest";
import type { State } from "../../../core/ports.ts";
import { idOf } from "../../../core/resource.ts";
import type { CertificateRow } from "../../../core/rows.ts";
import {
  attemptRefOf,
  certificateKey,
  newAttempt,
  newCertificate,
  newIssuer,
  renewingCertificate,
} from "../../support/realistic-rows.ts";
import { allOf, type MakeState } from "./make.ts";

/** The rows of issuers, and what is found by issuer. */
export function testIssuers(makeState: MakeState): void {
  describe("issuers", () => {
    it("gives back every field, the spec as it was accepted", async () => {
      const state = await makeState();
      const row = newIssuer({ failedChecks: 1, dueAt: 5, lane: "new", deletedAt: 6, expiresAt: 7 });
      expect(await state.putIssuer(row)).toBe("saved");
      expect(await state.issuer(row.key)).toEqual({ ...row, version: 1 });
      expect(await state.issuers([row.key])).toEqual(
        new Map([["_cluster/ClusterIssuer/letsencrypt", { ...row, version: 1 }]]),
      );
    });

    it("saves a row of the version that was read and refuses every other", async () => {
      const state = await makeState();
      const { acme, spec, ...changed } = newIssuer({ version: 1, generation: 2 });
      expect(await state.putIssuer(newIssuer({ version: 1 }))).toBe("conflict");
      expect(await state.putIssuer(newIssuer())).toBe("saved");
      expect(await state.putIssuer(newIssuer())).toBe("conflict");
      expect(await state.putIssuer(changed)).toBe("saved");
      expect(await state.issuer(changed.key)).toEqual({ ...changed, version: 2 });
    });
  });

  describe("scanKeys", () => {
    it("finds all Certificates and issuers but tombstones, and nothing else", async () => {
      const state = await makeState();
      await state.putCertificate(newCertificate());
      await state.putCertificate(renewingCertificate({ version: 0 }));
      await state.putCertificate(newCertificate({ key: certificateKey("gone"), deletedAt: 1 }));
      await state.putCertificate(newCertificate({ key: certificateKey("back"), deletedAt: 1 }));
      await state.putCertificate(newCertificate({ key: certificateKey("back"), version: 1 }));
      await state.putIssuer(newIssuer());
      await state.putIssuer(newIssuer({ key: { namespace: "web", kind: "Issuer", name: "le" } }));
      await state.putIssuer(newIssuer({ key: { namespace: "web", kind: "Issuer", name: "gone" }, deletedAt: 1 }));
      await state.createAttempt(newAttempt());
      await state.addEvent({ key: certificateKey(), at: 1, type: "Normal", reason: "Issuing", message: "m" });
      const ids = (await allOf(state.scanKeys())).map(idOf).sort();
      expect(ids).toEqual([
        "_cluster/ClusterIssuer/letsencrypt",
        "team-storefront/Certificate/www-example-com",
        "web/Certificate/back",
        "web/Certificate/www",
        "web/Issuer/le",
      ]);
    });

    it("answers nothing for an empty table", async () => {
      const state = await makeState();
      expect(await allOf(state.scanKeys())).toEqual([]);
    });
  });

  describe("waitingFor", () => {
    const issuer = newIssuer().key;
    const waits = (name: string, changes: Partial<CertificateRow> = {}) =>
      newCertificate({
        key: certificateKey(name),
        issuer: "_cluster/ClusterIssuer/letsencrypt",
        waitsForIssuer: true,
        ...changes,
      });
    const names = async (state: State) => (await allOf(state.waitingFor(issuer))).map(({ name }) => name).sort();

    it("finds the Certificates that wait for this issuer and no other", async () => {
      const state = await makeState();
      await state.putCertificate(waits("one"));
      await state.putCertificate(waits("two", { key: certificateKey("two", "mail") }));
      await state.putCertificate(waits("served", { waitsForIssuer: false }));
      await state.putCertificate(waits("elsewhere", { issuer: "web/Issuer/letsencrypt" }));
      await state.putCertificate(waits("gone", { deletedAt: 1 }));
      await state.createAttempt(newAttempt({ ref: attemptRefOf(1, "one") }));
      expect(await names(state)).toEqual(["one", "two"]);
      expect(await allOf(state.waitingFor(issuer))).toContainEqual(certificateKey("two", "mail"));
    });

    it("is not the only one to be asked: usersOf finds those that do not wait, too", async () => {
      const state = await makeState();
      await state.putIssuer(newIssuer());
      await state.putCertificate(waits("one"));
      await state.putCertificate(waits("served", { waitsForIssuer: false, key: certificateKey("served", "mail") }));
      await state.putCertificate(waits("elsewhere", { issuer: "web/Issuer/letsencrypt" }));
      await state.putCertificate(waits("gone", { deletedAt: 1 }));
      const users = (await allOf(state.usersOf(issuer))).map(idOf).sort();
      expect(users).toEqual(["mail/Certificate/served", "web/Certificate/one"]);
    });

    it("forgets one that waits no longer or was deleted", async () => {
      const state = await makeState();
      await state.putCertificate(waits("one"));
      await state.putCertificate(waits("two"));
      await state.putCertificate(waits("one", { version: 1, waitsForIssuer: false }));
      await state.putCertificate(waits("two", { version: 1, deletedAt: 1 }));
      expect(await names(state)).toEqual([]);
    });
  });
}
