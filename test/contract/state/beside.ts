import { describe, expect, it } from "vitest";
import { attemptRefOf, certificateKey, challenge, csrItem } from "../../support/realistic-rows.ts";
import { type MakeState, times } from "./make.ts";

const expiresAt = 1_900_000_000;

/** The items beside an attempt, its sealed key, and events. */
export function testBeside(makeState: MakeState): void {
  const ref = attemptRefOf(1);

  describe("items beside an attempt", () => {
    it("keeps the first CSR and ignores a second", async () => {
      const state = await makeState();
      await state.putCsr(ref, csrItem());
      await state.putCsr(ref, csrItem({ publicKeyHash: "another" }));
      expect(await state.csrs([ref, attemptRefOf(2)])).toEqual(new Map([[ref.attemptId, csrItem()]]));
    });

    it("gives back a CSR without its optional fields, and every byte of the DER", async () => {
      const state = await makeState();
      const { commonName, keySize, ...asked } = csrItem().asked;
      const csr = Buffer.from(times(256, (byte) => byte)).toString("base64");
      await state.putCsr(ref, csrItem({ csr, asked }));
      expect((await state.csrs([ref])).get(ref.attemptId)).toEqual(csrItem({ csr, asked }));
    });

    it("replaces challenges", async () => {
      const state = await makeState();
      await state.putChallenges(ref, { challenges: [challenge(), challenge("example.org")] });
      await state.putChallenges(ref, { challenges: [{ ...challenge(), wildcard: true, solver: 2 }] });
      const read = await state.challenges([ref, attemptRefOf(2)]);
      expect(read).toEqual(new Map([[ref.attemptId, { challenges: [{ ...challenge(), wildcard: true, solver: 2 }] }]]));
      await state.putChallenges(ref, { challenges: [] });
      expect((await state.challenges([ref])).get(ref.attemptId)).toEqual({ challenges: [] });
    });

    it("keeps the records of former orders beside the challenges", async () => {
      const state = await makeState();
      const item = { challenges: [challenge()], former: [{ name: "_acme-challenge.a", value: "v", solver: 1 }] };
      await state.putChallenges(ref, item);
      expect((await state.challenges([ref])).get(ref.attemptId)).toEqual(item);
    });

    it("holds the challenges of a hundred names", async () => {
      const state = await makeState();
      const challenges = times(100, (index) => challenge(`${index}.example.com`));
      await state.putChallenges(ref, { challenges });
      expect((await state.challenges([ref])).get(ref.attemptId)).toEqual({ challenges });
    });

    it("keeps the first chain and ignores a second, and leaves the CSR as it was", async () => {
      const state = await makeState();
      await state.putCsr(ref, csrItem());
      await state.putChain(ref, { chain: "first\n" }, expiresAt);
      await state.putChain(ref, { chain: "second\n" }, expiresAt);
      expect(await state.chain(ref)).toEqual({ chain: "first\n" });
      expect((await state.csrs([ref])).get(ref.attemptId)).toEqual(csrItem());
    });

    it("stores a chain that has no CSR and answers undefined for none", async () => {
      const state = await makeState();
      expect(await state.chain(ref)).toBeUndefined();
      await state.putChain(ref, { chain: "first\n" }, expiresAt);
      expect(await state.chain(ref)).toEqual({ chain: "first\n" });
      expect(await state.csrs([ref])).toEqual(new Map());
    });

    it("keeps the CA beside a chain", async () => {
      const state = await makeState();
      await state.putChain(ref, { chain: "first\n", ca: "root\n" }, expiresAt);
      expect(await state.chain(ref)).toEqual({ chain: "first\n", ca: "root\n" });
    });

    it("answers the chains of many by attempt id, without those that have none", async () => {
      const state = await makeState();
      const refs = times(120, (index) => attemptRefOf(index));
      for (const one of refs) await state.putChain(one, { chain: `${one.attemptId}\n`, ca: "root\n" }, expiresAt);
      const read = await state.chains([...refs, attemptRefOf(500)]);
      expect(read).toEqual(
        new Map(refs.map(({ attemptId }) => [attemptId, { chain: `${attemptId}\n`, ca: "root\n" }])),
      );
    });

    it("makes no attempt of an item beside it", async () => {
      const state = await makeState();
      await state.putCsr(ref, csrItem());
      expect(await state.attempts([ref])).toEqual(new Map());
      expect(await state.attemptsOf(certificateKey())).toEqual([]);
    });
  });

  describe("sealed keys", () => {
    const key = { dataKey: "AQID", iv: "AAECAwQFBgcICQoL", ciphertext: "/+8=", tag: "8PHy8/T19vf4+fr7/P3+/w==" };

    it("keeps the first key of an attempt", async () => {
      const state = await makeState();
      expect(await state.putSealedKey(ref, key)).toBe("saved");
      expect(await state.putSealedKey(ref, { ...key, ciphertext: "AAAA" })).toBe("conflict");
      expect(await state.sealedKey(ref)).toEqual(key);
      expect(await state.sealedKey({ ...ref, namespace: "mail" })).toBeUndefined();
    });

    it("answers those of many by attempt id, each its own, without those that have none", async () => {
      const state = await makeState();
      const refs = times(60, (index) => attemptRefOf(index));
      const keyOf = (index: number) => ({ ...key, iv: Buffer.from([index]).toString("base64") });
      for (const [index, one] of refs.entries()) await state.putSealedKey(one, keyOf(index));
      const read = await state.sealedKeys([...refs, attemptRefOf(500)]);
      expect(read).toEqual(new Map(refs.map(({ attemptId }, index) => [attemptId, keyOf(index)])));
    });

    it("deletes one, also one that is not there", async () => {
      const state = await makeState();
      await state.putSealedKey(ref, key);
      await state.deleteSealedKey(ref);
      await state.deleteSealedKey(ref);
      expect(await state.sealedKey(ref)).toBeUndefined();
    });
  });

  describe("events", () => {
    const event = { key: certificateKey(), at: 1_795_000_000_000, type: "Normal", reason: "Issuing" } as const;

    it("answers the newest first, at most as many as asked", async () => {
      const state = await makeState();
      for (const step of [2, 0, 3, 1]) await state.addEvent({ ...event, at: event.at + step, message: `m${step}` });
      const events = await state.events(event.key, 3);
      expect(events.map(({ message }) => message)).toEqual(["m3", "m2", "m1"]);
      expect(events[0]).toEqual({ ...event, at: event.at + 3, message: "m3" });
    });

    it("keeps two events of one millisecond and one event that arrives twice once", async () => {
      const state = await makeState();
      await state.addEvent({ ...event, message: "one", attemptId: ref.attemptId });
      await state.addEvent({ ...event, message: "two" });
      await state.addEvent({ ...event, message: "two" });
      const events = await state.events(event.key, 10);
      expect(events.map(({ message }) => message).sort()).toEqual(["one", "two"]);
      expect(events.find(({ message }) => message === "one")?.attemptId).toBe(ref.attemptId);
    });

    it("belongs to one resource", async () => {
      const state = await makeState();
      await state.addEvent({ ...event, key: certificateKey("www-2"), message: "m" });
      await state.addEvent({ ...event, key: { namespace: "web", kind: "Issuer", name: "www" }, message: "m" });
      expect(await state.events(event.key, 10)).toEqual([]);
    });
  });
}
