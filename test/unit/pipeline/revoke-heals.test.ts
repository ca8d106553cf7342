import { describe, expect, it } from "vitest";
import { RateLimitedError, UnavailableError } from "../../../core/errors.ts";
import { openPipeline, type Pipeline, type PipelineOptions } from "../../support/pipeline.ts";
import { inSeconds } from "../../support/private-ca.ts";
import { certificateSpec } from "../../support/specs.ts";

const key = { namespace: "web", kind: "Certificate", name: "www" } as const;

async function issued(names = ["www"], options: PipelineOptions = {}): Promise<Pipeline> {
  const p = await openPipeline(options);
  await p.issuer();
  for (const name of names) await p.apply(`web/${name}`, certificateSpec(name));
  await p.time.runUntil(inSeconds(p, 120));
  return p;
}

async function ask(p: Pipeline, reason: string): Promise<void> {
  const wish = JSON.stringify({ at: p.time.now().toISOString(), reason });
  await p.apply("web/www", certificateSpec("www"), { annotations: { "certwright.dev/revoke-requested": wish } });
}

const rowOf = async (p: Pipeline) => (await p.state.revocationsOf(key))[0];

describe("a wish to revoke is not lost", () => {
  const deaths = (["putRevocation", "putCertificate"] as const).flatMap((write) =>
    (["before", "after"] as const).map((when) => ({ write, when })),
  );

  it.each(deaths)("when dispatch dies $when $write, and its record is delivered again", async ({ write, when }) => {
    let armed = false;
    const p = await issued(["www"], {
      around: async ({ name, deps }, run) => {
        if (name !== "stream" || !armed) return run(deps);
        const real = deps.state[write] as (row: never) => Promise<"saved" | "conflict">;
        const dying = async (row: never) => {
          armed = false;
          if (when === "after") await real(row);
          throw new Error("killed");
        };
        return run({ ...deps, state: { ...deps.state, [write]: dying } }).catch(() => undefined);
      },
    });
    armed = true;
    await ask(p, "superseded");
    await p.time.runUntil(inSeconds(p, 1));
    expect(armed).toBe(false);
    p.dispatch("web/www");
    await p.time.runUntil(inSeconds(p, 600));
    expect(p.ca.revoked.size).toBe(1);
    expect(await rowOf(p)).toMatchObject({ ended: "replaced" });
    expect((await p.row("web/www"))?.revision).toBe(2);
  });

  it("when the call of revoke-certificate is lost: the sweep finds it within two minutes", async () => {
    const p = await issued();
    p.deps.starter.revoke = async () => {};
    await ask(p, "superseded");
    await p.time.runUntil(inSeconds(p, 30));
    expect(p.ca.revoked.size).toBe(0);
    expect((await rowOf(p))?.dueAt).toBeLessThanOrEqual(inSeconds(p, 60).getTime());
  });

  it("of whom else has the key, when State is away while they are looked for", async () => {
    const p = await issued(["www", "other"]);
    const { csrs, scanKeys } = p.state;
    const idOf = async (name: string) => (await p.row(`web/${name}`))?.issued?.attemptId ?? "";
    const [mine, theirs] = [await idOf("www"), await idOf("other")];
    const hash = (await csrs([{ namespace: "web", name: "www", attemptId: mine }])).get(mine)?.publicKeyHash ?? "";
    p.state.csrs = async (refs) => {
      const found = await csrs(refs);
      const own = found.get(theirs);
      if (own) found.set(theirs, { ...own, publicKeyHash: hash });
      return found;
    };
    let away = 1;
    p.state.scanKeys = () => {
      if (away-- > 0) throw new UnavailableError({ reason: "StateUnavailable", message: "throttled" });
      return scanKeys();
    };
    await ask(p, "keyCompromise");
    await p.time.runUntil(inSeconds(p, 3_600));
    expect(p.ca.revoked.size).toBe(2);
    expect((await p.row("web/other"))?.revision).toBe(2);
  });
});

describe("a CA that names an instant", () => {
  it("is not asked before", async () => {
    const p = await issued();
    const retryAt = inSeconds(p, 7_200);
    const { acme } = p.deps;
    p.deps.acme = async (issuer) => ({
      ...(await acme(issuer)),
      revoke: async () => {
        throw new RateLimitedError({ reason: "RateLimited", message: "too many requests", retryAt });
      },
    });
    await ask(p, "superseded");
    await p.time.runUntil(inSeconds(p, 300));
    expect(await rowOf(p)).toMatchObject({ dueAt: retryAt.getTime(), message: "too many requests" });
  });
});
