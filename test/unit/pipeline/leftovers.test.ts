import { expect, it } from "vitest";
import type { AttemptRef } from "../../../core/rows.ts";
import { type Hook, openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { inSeconds } from "../../support/private-ca.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const key = { namespace: "web", kind: "Certificate", name: "www" } as const;

it("what an attempt left is removed an hour after it began, when its execution could not", async () => {
  const hook: Hook = (task, _, run) => (task === "CleanUpChallenge" ? Promise.reject(new Error("lost")) : run());
  const p = await openPipeline({ hook });
  await p.issuer();
  await p.apply("web/www", spec("www"));
  const began = p.time.now();
  await p.time.runUntil(inSeconds(p, 3_000));
  const [attempt] = await p.state.attemptsOf(key);
  if (!attempt) throw new Error("no attempt");
  expect(attempt).toMatchObject({ hasRecords: true, outcome: { result: "issued" } });
  expect(await p.state.sealedKey(attempt.ref)).toBeDefined();
  expect(p.dns.values("_acme-challenge.www.example.test")).toHaveLength(1);
  await p.time.runUntil(new Date(began.getTime() + 3_900_000));
  expect(await p.state.sealedKey(attempt.ref)).toBeUndefined();
  expect(p.dns.values("_acme-challenge.www.example.test")).toHaveLength(0);
});

it("an attempt that an older version began says before it seals a key that there may be something to clean up", async () => {
  const world: { p?: Pipeline } = {};
  const hook: Hook = async (task, input, run) => {
    const [ref] = (input as { live?: AttemptRef[] }).live ?? [];
    const row = task === "Prepare" && ref ? (await world.p?.state.attempts([ref]))?.get(ref.attemptId) : undefined;
    if (!row) return run();
    const { hasRecords: _, dueAt: _due, revision: _revision, ...old } = row;
    await world.p?.state.putAttempt(old);
    return run();
  };
  const sealed: unknown[] = [];
  const p = await openPipeline({
    hook,
    around: async ({ name, deps }, run) => {
      if (name !== "Prepare") return run(deps);
      const putSealedKey: typeof deps.state.putSealedKey = async (ref, value) => {
        const row = (await deps.state.attempts([ref])).get(ref.attemptId);
        sealed.push([row?.hasRecords, (row?.dueAt ?? 0) - deps.clock.now().getTime()]);
        return deps.state.putSealedKey(ref, value);
      };
      return run({ ...deps, state: { ...deps.state, putSealedKey } });
    },
  });
  world.p = p;
  await p.issuer();
  await p.apply("web/www", spec("www"));
  await p.time.runUntilTrue(() => p.ready("web/www"));
  expect(sealed).toEqual([[true, 3_600_000]]);
});
