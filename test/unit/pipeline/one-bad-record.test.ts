import { expect, it } from "vitest";
import type { Deps } from "../../../core/deps.ts";
import { dispatch } from "../../../core/dispatch/dispatch.ts";
import { idOf } from "../../../core/resource.ts";
import { openPipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

it("a request that no rule expects hurts only itself", async () => {
  const p = await openPipeline();
  await p.issuer();
  const keys = ["bad", "good"].map((name) => ({ namespace: "web", kind: "Certificate" as const, name }));
  for (const { name, ...key } of keys)
    await p.requests.put({ key: { ...key, name }, apiVersion: "cert-manager.io/v1", spec: spec(name) });
  const [bad, good] = keys;
  const getMany: Deps["requests"]["getMany"] = async (asked) => {
    const found = new Map(await p.requests.getMany(asked));
    const unreadable = {
      key: bad ?? expect.unreachable(),
      apiVersion: "cert-manager.io/v1",
      metadata: undefined,
      spec: {},
    };
    Object.defineProperty(unreadable, "spec", {
      get: () => {
        throw new TypeError("unreadable");
      },
    });
    return found.set(idOf(unreadable.key), unreadable);
  };
  const verdicts = await dispatch({ ...p.deps, requests: { ...p.deps.requests, getMany } }, keys);
  expect(verdicts).toContainEqual({ key: bad, action: "error", reason: "TypeError", error: expect.any(TypeError) });
  expect(verdicts).toContainEqual(expect.objectContaining({ key: good }));
  expect(await p.state.certificate(good ?? expect.unreachable())).toBeDefined();
});
