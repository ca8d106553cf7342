import { describe, expect, it } from "vitest";
import type { CertificateRow } from "../../../core/rows.ts";
import { certificateKey, newCertificate, newIssuer, renewingCertificate } from "../../support/realistic-rows.ts";
import { type MakeState, times } from "./make.ts";

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
}
