import { describe, expect, it } from "vitest";
import { noteRevocation } from "../../../../core/revocation/ask.ts";
import type { RevocationReason } from "../../../../core/revocation/wish.ts";
import { openPipeline } from "../../../support/pipeline.ts";

const ref = { namespace: "web", name: "www", attemptId: "00000000-0000-4000-8000-000000000001" };
const at = "2026-11-22T12:00:00Z";

describe("a revocation that is noted", () => {
  it("is not noted again, but for a leaked key, which says more than any other reason", async () => {
    const { deps, state } = await openPipeline();
    const note = (reason: RevocationReason) => noteRevocation(deps, ref, { at, reason }, new Date(at));
    expect(await note("superseded")).toBe("saved");
    expect(await note("unspecified")).toBe("noted");
    expect(await state.revocation(ref)).toMatchObject({ reason: "superseded" });
    expect(await note("keyCompromise")).toBe("saved");
    expect(await note("keyCompromise")).toBe("noted");
    expect(await note("superseded")).toBe("noted");
    expect(await state.revocation(ref)).toMatchObject({ reason: "keyCompromise", dueAt: Date.parse(at) + 60_000 });
  });
});
