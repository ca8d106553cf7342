import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { classOf } from "../../core/errors.ts";
import type { SecretStore, SecretWrite } from "../../core/ports.ts";
import type { Around } from "../support/faults.ts";
import { newFaults } from "../support/faults.ts";
import { newName, race, writeOf, writers } from "../support/secret-writes.ts";

/** A store, and what a test must do behind its back. */
export interface SecretStoreUnderTest {
  store: SecretStore;
  /** A secret that a user made for himself; answers its version. */
  putForeign(name: string): Promise<string>;
  /** The current value, then the one before. */
  values(name: string): Promise<(string | undefined)[]>;
  /** Calls that only a role with a right on values may make. */
  valueCalls: string[];
  /** The emulator names a secret's first version itself, so a lost reply to a creation cannot be told from a rival. */
  forgetsFirstToken?: boolean;
}

/** Holds SecretStore's contract (core/ports.ts). `make` gets a hook to put around every call of the store's service. */
export function testSecretStore(label: string, make: (around: Around) => SecretStoreUnderTest) {
  describe(`SecretStore: ${label}`, () => {
    let faults = newFaults();
    let made = make(faults.around);
    let store = made.store;
    let name = "";

    beforeEach(() => {
      faults = newFaults();
      made = make(faults.around);
      store = made.store;
      name = newName();
    });

    const first = (change: Partial<SecretWrite> = {}) => store.write(writeOf(name, change));
    const later = (replaces: string, change: Partial<SecretWrite> = {}) => first({ replaces, ...change });

    describe("a new secret", () => {
      it("can be read and described", async () => {
        const { arn, versionId } = await first({ value: '{"tls.crt":"one"}' });
        expect(await store.read(name)).toEqual({ value: '{"tls.crt":"one"}', versionId });
        expect(await store.describe(name)).toEqual({ arn, versionId, owner: "web/Certificate/www" });
        expect(arn).toContain(name);
      });

      it("is refused when there is one that the writer did not expect", async () => {
        const { versionId } = await first({ value: "one" });
        await expect(first({ value: "two" })).rejects.toMatchObject({ name: "RefusedError", reason: "StaleSecret" });
        expect(await store.read(name)).toEqual({ value: "one", versionId });
      });

      it("does not hide one with a longer name", async () => {
        await store.write(writeOf(`${name}-other`, {}));
        expect(await store.describe(name)).toBeUndefined();
        const { versionId } = await first();
        expect(await store.describe(name)).toMatchObject({ versionId });
      });
    });

    it("knows nothing of a secret that is not there", async () => {
      expect([await store.describe(name), await store.read(name)]).toEqual([undefined, undefined]);
      await store.scheduleDeletion(name, 7);
      expect(await store.describe(name)).toBeUndefined();
    });

    it("describes without a right on values", async () => {
      await first();
      const before = faults.calls.length;
      await store.describe(name);
      const calls = faults.calls.slice(before);
      expect(calls.length).toBeGreaterThan(0);
      expect(calls.filter((call) => made.valueCalls.includes(call))).toEqual([]);
    });

    describe("a later version", () => {
      it("replaces the one it names, which is kept", async () => {
        const one = await first({ value: "one" });
        const two = await later(one.versionId, { value: "two" });
        expect(two.arn).toBe(one.arn);
        expect(two.versionId).not.toBe(one.versionId);
        const three = await later(two.versionId, { value: "three" });
        expect(await store.describe(name)).toMatchObject({ versionId: three.versionId });
        expect(await made.values(name)).toEqual(["three", "two"]);
      });

      it("is refused when another version is current", async () => {
        const one = await first({ value: "one" });
        const two = await later(one.versionId, { value: "two" });
        await expect(later(one.versionId, { value: "late" })).rejects.toMatchObject({
          name: "RefusedError",
          reason: "StaleSecret",
        });
        expect(await store.read(name)).toEqual({ value: "two", versionId: two.versionId });
      });

      it("is refused when the secret is gone", async () => {
        await expect(later(randomUUID())).rejects.toMatchObject({ reason: "StaleSecret" });
        expect(await store.describe(name)).toBeUndefined();
      });

      it("is written once, though the attempt says it again with another salt", async () => {
        const one = await first({ value: "one" });
        const token = randomUUID();
        const two = await later(one.versionId, { value: "two", token });
        expect(await later(one.versionId, { value: "two, salted anew", token })).toEqual(two);
        expect(await made.values(name)).toEqual(["two", "one"]);
      });
    });

    describe("a reply that is lost", () => {
      const cases = [1, 2, 3, 4, 5].flatMap((nth) => [[nth, "before"] as const, [nth, "after"] as const]);

      it.each(cases)(
        "at call %i, %s its effect, does not change what a repeated later write leaves",
        async (nth, when) => {
          const one = await first({ value: "one" });
          const write = writeOf(name, { replaces: one.versionId, value: "two" });
          faults.breakCall(nth, when);
          await settled(store.write(write));
          faults.mend();
          const again = await store.write({ ...write, value: "two, salted anew" });
          expect(await store.describe(name)).toMatchObject({ versionId: again.versionId });
          expect(await made.values(name)).toEqual([expect.stringMatching(/^two/), "one"]);
        },
      );

      it.each(cases)(
        "at call %i, %s its effect, does not change what a repeated first write leaves",
        async (nth, when) => {
          const write = writeOf(name, { value: "one" });
          faults.breakCall(nth, when);
          await settled(store.write(write));
          faults.mend();
          const replaces = made.forgetsFirstToken ? (await store.describe(name))?.versionId : undefined;
          const again = await store.write({ ...write, replaces, value: "one, salted anew" });
          expect(await store.describe(name)).toMatchObject({ versionId: again.versionId });
          expect((await made.values(name))[0]).toMatch(/^one/);
          if (!made.forgetsFirstToken) expect((await made.values(name))[1]).toBeUndefined();
        },
      );

      it("is an UnavailableError", async () => {
        faults.breakCall(1, "before");
        await expect(first()).rejects.toMatchObject({ name: "UnavailableError" });
      });
    });

    describe("many writers at once", () => {
      it("let one of twenty first writers win", async () => {
        const outcomes = await race(writers(20, (value) => first({ value })));
        expect(outcomes).toMatchObject({ won: [expect.any(String)], stale: 19 });
        expect(await store.read(name)).toMatchObject({ value: outcomes.won[0] });
      });

      it("let one of twenty later writers win, and keep what it replaced", async () => {
        const one = await first({ value: "one" });
        const outcomes = await race(writers(20, (value) => later(one.versionId, { value })));
        expect(outcomes).toMatchObject({ won: [expect.any(String)], stale: 19 });
        expect(await made.values(name)).toEqual([outcomes.won[0], "one"]);
      });

      it("give one attempt that runs twenty times one version", async () => {
        const one = await first({ value: "one" });
        const write = writeOf(name, { replaces: one.versionId, value: "two" });
        const versions = await Promise.all(writers(20, (salt) => store.write({ ...write, value: `two, ${salt}` })));
        expect(new Set(versions.map(({ versionId }) => versionId)).size).toBe(1);
        expect(await made.values(name)).toEqual([expect.stringMatching(/^two/), "one"]);
      });
    });

    describe("ownership", () => {
      it("never touches a secret that certwright did not make", async () => {
        const versionId = await made.putForeign(name);
        const refusal = {
          name: "RefusedError",
          reason: "SecretOwnedByAnother",
          fix: expect.stringContaining("secretName"),
        };
        await expect(first()).rejects.toMatchObject(refusal);
        await expect(later(versionId)).rejects.toMatchObject(refusal);
        await expect(store.scheduleDeletion(name, 7)).rejects.toMatchObject(refusal);
        expect(await store.describe(name)).toMatchObject({ versionId, owner: undefined });
        expect(await made.values(name)).toEqual(["a user's own", undefined]);
      });

      it("refuses another Certificate and names the owner", async () => {
        const { versionId } = await first({ value: "one" });
        await expect(first({ owner: "web/Certificate/other" })).rejects.toMatchObject({
          reason: "SecretOwnedByAnother",
          message: expect.stringContaining("web/Certificate/www"),
        });
        expect(await store.read(name)).toEqual({ value: "one", versionId });
      });

      it("refuses another namespace even when it names the version", async () => {
        const { versionId } = await first();
        const intruder = { owner: "shop/Certificate/www", namespace: "shop" };
        await expect(later(versionId, intruder)).rejects.toMatchObject({ reason: "SecretOwnedByAnother" });
        expect(await store.describe(name)).toMatchObject({ versionId, owner: "web/Certificate/www" });
      });

      it("passes a kept secret on to a Certificate of its namespace that names its version", async () => {
        const { versionId } = await first({ value: "one" });
        await later(versionId, { value: "two", owner: "web/Certificate/heir" });
        expect(await store.describe(name)).toMatchObject({ owner: "web/Certificate/heir" });
        expect(await made.values(name)).toEqual(["two", "one"]);
      });
    });

    describe("deletion", () => {
      it("has a recovery window, in which the secret has no value", async () => {
        const { versionId } = await first();
        await store.scheduleDeletion(name, 7);
        expect(await store.describe(name)).toMatchObject({ versionId, deletedAt: expect.any(Date) });
        expect(await store.read(name)).toBeUndefined();
      });

      it("may be asked for twice, and does not begin anew", async () => {
        await first();
        await Promise.all([store.scheduleDeletion(name, 7), store.scheduleDeletion(name, 7)]);
        const before = await store.describe(name);
        await store.scheduleDeletion(name, 30);
        expect(await store.describe(name)).toEqual(before);
        expect(before?.deletedAt).toEqual(expect.any(Date));
      });

      it("is undone by another Certificate of the namespace, which becomes its owner", async () => {
        await first({ value: "one" });
        await store.scheduleDeletion(name, 7);
        await first({ value: "two", owner: "web/Certificate/heir" });
        expect(await store.describe(name)).toMatchObject({ owner: "web/Certificate/heir" });
        expect(await store.read(name)).toMatchObject({ value: "two" });
      });

      it.each([
        ["a writer that expects none", false],
        ["a writer that names the hidden version", true],
      ])("is undone by %s", async (_sentence, names) => {
        const one = await first({ value: "one" });
        await store.scheduleDeletion(name, 7);
        const two = await first({ value: "two", replaces: names ? one.versionId : undefined });
        const found = await store.describe(name);
        expect(found).toEqual({ arn: one.arn, versionId: two.versionId, owner: "web/Certificate/www" });
        expect(await store.read(name)).toEqual({ value: "two", versionId: two.versionId });
      });

      it("is not undone by a writer that names a third version", async () => {
        await first();
        await store.scheduleDeletion(name, 7);
        await expect(later(randomUUID())).rejects.toMatchObject({ reason: "StaleSecret" });
        expect(await store.describe(name)).toMatchObject({ deletedAt: expect.any(Date) });
      });

      it("is undone once by twenty writers", async () => {
        await first({ value: "one" });
        await store.scheduleDeletion(name, 7);
        const outcomes = await race(writers(20, (value) => first({ value })));
        expect(outcomes).toMatchObject({ won: [expect.any(String)], stale: 19 });
        expect(await store.read(name)).toMatchObject({ value: outcomes.won[0] });
      });
    });

    describe("limits", () => {
      it("refuses a value over 65,536 bytes, naming size and limit, before any call", async () => {
        await expect(first({ value: "é".repeat(32_769) })).rejects.toMatchObject({
          name: "RefusedError",
          reason: "SecretTooLarge",
          message: expect.stringMatching(/65538 bytes.*65536/),
        });
        expect(faults.calls).toEqual([]);
      });

      it("takes a value of exactly 65,536 bytes", async () => {
        await first({ value: "é".repeat(32_768) });
        expect((await store.read(name))?.value.length).toBe(32_768);
      });

      it("refuses an owner that fits no tag", async () => {
        const owner = `web/Certificate/${"a".repeat(241)}`;
        await expect(first({ owner })).rejects.toMatchObject({ name: "PermanentError", reason: "SecretTagTooLong" });
      });
    });
  });
}

/** Waits for a write that may fail, but only as a lost reply does. */
async function settled(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    expect(classOf(error)).toBe("UnavailableError");
  }
}
