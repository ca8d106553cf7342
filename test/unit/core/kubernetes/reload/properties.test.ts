import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReloadSpec } from "../../../../../core/kubernetes/cluster.ts";
import { everybody, numbered, reloadBed } from "./workload.ts";

/** What happens before a look: who of the restarted does not get available, and whether the look's row is lost. */
const events = fc.array(fc.record({ broken: fc.array(fc.nat(11)), lost: fc.boolean(), minutes: fc.nat(15) }), {
  maxLength: 20,
});

describe("whatever becomes available when, and whichever run dies", () => {
  it("never more than may be at once are away, nobody is restarted twice, and in the end all are", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 4 }),
        events,
        async (size, count, all) => {
          const bed = reloadBed();
          const spec: ReloadSpec = { ...everybody, maxConcurrent: { count } };
          bed.add(...numbered(size));
          for (const { broken, lost, minutes } of all) {
            const before = bed.row;
            await bed.advance(spec);
            expect(away(bed)).toBeLessThanOrEqual(count);
            if (lost) bed.row = before;
            bed.settle(...broken.map((index) => `d${String(index + 1).padStart(2, "0")}`));
            bed.now = new Date(bed.now.getTime() + minutes * 60_000);
          }
          bed.settle();
          for (let look = 0; look < 2 * size + 2; look++) {
            await bed.advance(spec);
            bed.settle();
          }
          expect(bed.row).toMatchObject({ reloaded: { reason: "Reloaded" } });
          expect(bed.patched().toSorted()).toEqual(numbered(size).map(({ name }) => name));
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** Workloads that we restarted and whose controller has not brought them back. */
function away({ fake, markOf }: ReturnType<typeof reloadBed>): number {
  const objects = fake.objects("Deployment", "web").filter(({ metadata }) => markOf(metadata.name) !== undefined);
  return objects.filter((object) => {
    const { observedGeneration = 0 } = object.status as { observedGeneration?: number };
    return observedGeneration < (object.metadata.generation ?? 0);
  }).length;
}
