import { generateKeyPairSync, randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeySealer } from "../../core/ports.ts";
import type { AttemptRef, SealedKey } from "../../core/rows.ts";

/** Holds KeySealer's contract (core/ports.ts). `make` gives sealers of one KMS key for any instance. */
export function testKeySealer(label: string, make: (instance: string) => KeySealer) {
  const lost = { name: "RefusedError", reason: "SealedKeyUnreadable", endsAttempt: true };

  describe(`KeySealer: ${label}`, () => {
    it("opens what it sealed", async () => {
      const ref = attempt();
      const sealer = make("certwright");
      expect(await sealer.open(await sealer.seal(privateKey(), ref), ref)).toEqual(new Uint8Array(privateKey()));
    });

    it("opens keys of every length, also those over the 4,096 bytes that KMS itself takes", async () => {
      const sealer = make("certwright");
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 6_000 }), async (bytes) => {
          const ref = attempt();
          expect(await sealer.open(await sealer.seal(bytes, ref), ref)).toEqual(bytes);
        }),
        { numRuns: 25 },
      );
    });

    it.each<[string, Partial<AttemptRef>, string]>([
      ["another attempt", { attemptId: "7e0a4f1e-7f3a-4c76-9f5f-0f8f3d5b6a10" }, "certwright"],
      ["another namespace", { namespace: "shop" }, "certwright"],
      ["another instance", {}, "staging"],
    ])("opens nothing in %s", async (_sentence, change, instance) => {
      const ref = attempt();
      const sealed = await make("certwright").seal(privateKey(), ref);
      await expect(opened(make(instance), sealed, { ...ref, ...change })).rejects.toMatchObject(lost);
    });

    it.each<keyof SealedKey>(["dataKey", "iv", "ciphertext", "tag"])(
      "opens nothing whose %s was changed",
      async (part) => {
        const ref = attempt();
        const sealer = make("certwright");
        const sealed = await sealer.seal(privateKey(), ref);
        const bytes = Buffer.from(sealed[part], "base64");
        // The last byte: the emulator does not look at the first of a data key.
        const last = bytes.length - 1;
        bytes.writeUInt8(bytes.readUInt8(last) ^ 1, last);
        await expect(opened(sealer, { ...sealed, [part]: bytes.toString("base64") }, ref)).rejects.toMatchObject(lost);
      },
    );

    it("opens nothing under a shortened tag", async () => {
      const ref = attempt();
      const sealer = make("certwright");
      const sealed = await sealer.seal(privateKey(), ref);
      const tag = Buffer.from(sealed.tag, "base64").subarray(0, 4).toString("base64");
      await expect(opened(sealer, { ...sealed, tag }, ref)).rejects.toMatchObject(lost);
    });

    it("opens nothing with the data key of another seal", async () => {
      const ref = attempt();
      const sealer = make("certwright");
      const [one, two] = [await sealer.seal(privateKey(), ref), await sealer.seal(privateKey(), ref)];
      await expect(opened(sealer, { ...one, dataKey: two.dataKey }, ref)).rejects.toMatchObject(lost);
    });

    it("seals the same key differently each time", async () => {
      const ref = attempt();
      const sealer = make("certwright");
      const [one, two] = [await sealer.seal(privateKey(), ref), await sealer.seal(privateKey(), ref)];
      for (const part of ["dataKey", "iv", "ciphertext", "tag"] as const) expect(one[part]).not.toBe(two[part]);
    });

    it("leaves no part of the key in what it stores, and the caller's copy as it was", async () => {
      const key = privateKey();
      const sealed = await make("certwright").seal(key, attempt());
      const stored = Object.values(sealed).map((part) => Buffer.from(part, "base64"));
      for (let start = 0; start + 8 <= key.length; start += 8) {
        const part = key.subarray(start, start + 8);
        expect(stored.some((bytes) => bytes.includes(part))).toBe(false);
      }
      expect(key).toEqual(privateKey());
    });
  });
}

const { privateKey: generated } = generateKeyPairSync("ec", { namedCurve: "P-256" });

function privateKey(): Buffer {
  return generated.export({ type: "pkcs8", format: "der" });
}

function attempt(): AttemptRef {
  return { namespace: "web", name: "www", attemptId: randomUUID() };
}

/** Opens without handing the key to an assertion, which would print it. */
async function opened(sealer: KeySealer, sealed: SealedKey, ref: AttemptRef): Promise<string> {
  return `opened ${(await sealer.open(sealed, ref)).length} bytes`;
}
