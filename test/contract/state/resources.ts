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
import { allOf, type MakeState, times } from "./make.ts";

/** The rows of Certificates and issuers. */
export function testResources(makeState: MakeState): void {
  describe("certificates", () => {
    it("answers undefined for one that was never put", async () => {
      const state = await makeState();
      expect(await state.certificate(certificateKey())).toBeUndefined();
      expect(await state.certificates([certificateKey()])).toEqual(new Map());
      expect(await state.certificates([])).toEqual(new Map());
    });

    it("gives back every field of a row, one version further", async () => {
      const state = await makeState();
      const row = renewingCertificate({
        version: 0,
        waitsForIssuer: true,
        failedIssuanceAttempts: 2,
        lastFailureTime: "2026-11-22T18:00:00Z",
        renewRequestedAt: "2026-11-22T17:00:00Z",
        recoveryDays: 7,
        deletedAt: 1_795_000_000_000,
        expiresAt: 1_797_592_000,
      });
      expect(await state.putCertificate(row)).toBe("saved");
      expect(await state.certificate(row.key)).toEqual({ ...row, version: 1 });
    });

    it("saves a row of the version that was read and refuses every other", async () => {
      const state = await makeState();
      await state.putCertificate(newCertificate());
      expect(await state.putCertificate(newCertificate({ generation: 9 }))).toBe("conflict");
      expect(await state.putCertificate(newCertificate({ version: 2, generation: 9 }))).toBe("conflict");
      expect(await state.putCertificate(newCertificate({ version: 1, generation: 2 }))).toBe("saved");
      expect(await state.certificate(certificateKey())).toEqual(newCertificate({ version: 2, generation: 2 }));
    });

    it("refuses to change a row that is not there", async () => {
      const state = await makeState();
      expect(await state.putCertificate(newCertificate({ version: 3 }))).toBe("conflict");
      expect(await state.certificate(certificateKey())).toBeUndefined();
    });

    it("answers conflict to the same write when it arrives twice", async () => {
      const state = await makeState();
      expect(await state.putCertificate(newCertificate())).toBe("saved");
      expect(await state.putCertificate(newCertificate())).toBe("conflict");
      expect((await state.certificate(certificateKey()))?.version).toBe(1);
    });

    it("saves exactly one of many writers that read the same version", async () => {
      const state = await makeState();
      await state.putCertificate(newCertificate());
      const answers = await Promise.all(
        times(10, (index) => state.putCertificate(newCertificate({ version: 1, generation: index }))),
      );
      expect(answers.filter((answer) => answer === "saved")).toHaveLength(1);
      expect((await state.certificate(certificateKey()))?.generation).toBe(answers.indexOf("saved"));
    });

    it("removes what a later row leaves out", async () => {
      const state = await makeState();
      const full = renewingCertificate({ version: 0 });
      await state.putCertificate(full);
      await state.putCertificate(newCertificate({ key: full.key, version: 1 }));
      expect(await state.certificate(full.key)).toEqual(newCertificate({ key: full.key, version: 2 }));
    });

    it("keeps its row when the caller changes what he put or read", async () => {
      const state = await makeState();
      const row = newCertificate();
      await state.putCertificate(row);
      row.ready.message = "changed";
      const read = await state.certificate(row.key);
      if (read) read.ready.message = "changed";
      expect((await state.certificate(row.key))?.ready.message).toBe("Issuing certificate as Secret does not exist");
    });

    it("reads more than a hundred at once, each key once, absent ones left out", async () => {
      const state = await makeState();
      const keys = times(130, (index) => certificateKey(`c-${index}`));
      await Promise.all(keys.map((key) => state.putCertificate(newCertificate({ key }))));
      const read = await state.certificates([...keys, ...keys.slice(0, 20), certificateKey("absent")]);
      expect([...read.keys()].sort()).toEqual(keys.map(({ name }) => `web/Certificate/${name}`).sort());
      expect(read.get("web/Certificate/c-77")?.key.name).toBe("c-77");
    });

    it("keeps the same name in two namespaces, and of two kinds, apart", async () => {
      const state = await makeState();
      await state.putCertificate(newCertificate({ generation: 1 }));
      await state.putCertificate(newCertificate({ key: certificateKey("www", "mail"), generation: 2 }));
      await state.putIssuer(newIssuer({ key: { namespace: "web", kind: "Issuer", name: "www" }, generation: 3 }));
      expect((await state.certificate(certificateKey()))?.generation).toBe(1);
      expect((await state.certificate(certificateKey("www", "mail")))?.generation).toBe(2);
    });

    it("hands on a row of a later schema as it is", async () => {
      const state = await makeState();
      const later = { ...newCertificate(), schema: 99, generation: "seven", newField: { a: [1, "two"] } };
      await state.putCertificate(later as unknown as CertificateRow);
      expect(await state.certificate(certificateKey())).toEqual({ ...later, version: 1 });
    });

    it("keeps a field of this schema that it does not know", async () => {
      const state = await makeState();
      const row = { ...newCertificate(), addedLater: "kept" };
      await state.putCertificate(row);
      expect(await state.certificate(row.key)).toEqual({ ...row, version: 1 });
    });
  });

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
