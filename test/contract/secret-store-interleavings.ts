import fc from "fast-check";
import { expect, it } from "vitest";
import type { Around } from "../support/faults.ts";
import { newName, race, writeOf, writers } from "../support/secret-writes.ts";
import type { SecretStoreUnderTest } from "./secret-store.ts";

/** Whatever the order in which the calls of several writers reach the service: one wins, the rest are stale. */
export function testSecretStoreInterleavings(label: string, make: (around: Around) => SecretStoreUnderTest) {
  it(`SecretStore: ${label}: one of four writers wins in every interleaving`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.boolean(), fc.boolean(), async (scheduler, exists, deleted) => {
        let scheduled = false;
        const around: Around = async (call, effect) => {
          if (scheduled) await scheduler.schedule(Promise.resolve(), call);
          return effect();
        };
        const { store, values } = make(around);
        const name = newName();
        const before = exists ? await store.write(writeOf(name, { value: "before" })) : undefined;
        if (deleted) await store.scheduleDeletion(name, 7);
        scheduled = true;
        const replaces = before?.versionId;
        const outcomes = await scheduler.waitFor(
          race(writers(4, (value) => store.write(writeOf(name, { value, replaces })))),
        );
        scheduled = false;
        expect(outcomes).toMatchObject({ won: [expect.any(String)], stale: 3 });
        expect(await values(name)).toEqual([outcomes.won[0], before && "before"]);
      }),
      { numRuns: 60 },
    );
  });
}
