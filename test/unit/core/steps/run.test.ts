import { expect, it } from "vitest";
import { runStep } from "../../../../core/steps/run.ts";
import { openPipeline } from "../../../support/pipeline.ts";

it("a step with no live attempt returns at once, without a question to State", async () => {
  const { deps } = await openPipeline();
  const asked: string[] = [];
  const state = new Proxy(deps.state, {
    get: (target, name, receiver) => {
      asked.push(String(name));
      return Reflect.get(target, name, receiver);
    },
  });
  const input = { leaseId: "lease", issuer: "web/Issuer/root", live: [], waiting: [], round: 0, since: null };
  const result = await runStep({ ...deps, state }, "sign", { ...input, retryCount: 0 }, () => expect.unreachable());
  expect(result).toMatchObject({ live: [], waiting: [], waitUntil: null });
  expect(asked).toEqual([]);
});
