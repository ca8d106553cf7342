import { describe, expect, it } from "vitest";
import { checkIssuer } from "../../../core/check-issuer.ts";
import type { StepInput } from "../../../core/steps/run.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { inSeconds } from "../../support/private-ca.ts";
import { certificateSpec } from "../../support/specs.ts";

const issuer = { namespace: "_cluster", kind: "ClusterIssuer", name: "ca" } as const;
const names = ["one", "two"];

const requestOf = (name: string) => ({
  key: { namespace: "web", kind: "Certificate", name } as const,
  apiVersion: "cert-manager.io/v1",
  spec: certificateSpec(name),
});

async function otherAccount(p: Pipeline): Promise<void> {
  const stored = (await p.requests.get(issuer)) ?? expect.unreachable();
  const { acme } = stored.spec as { acme: object };
  const spec = { acme: { ...acme, privateKeySecretRef: { name: "another-account" } } };
  await p.requests.put({ key: issuer, apiVersion: "cert-manager.io/v1", spec });
  await checkIssuer(p.deps, issuer);
}

/** Two Certificates dropped at once, while their issuer gets another account when this task is about to run. */
async function changedAt(at: string): Promise<Pipeline> {
  let isChanged = false;
  const p: Pipeline = await openPipeline({
    hook: async (task, input, run) => {
      if (task === at && !isChanged && (input as StepInput).live.length === names.length) {
        isChanged = true;
        await otherAccount(p);
      }
      return run();
    },
  });
  await p.issuer("ca", {});
  await p.time.runUntil(inSeconds(p, 5));
  for (const name of names) await p.requests.put(requestOf(name));
  p.dispatch(...names.map((name) => `web/${name}`));
  await p.time.runUntil(inSeconds(p, 24 * 3_600));
  expect(isChanged).toBe(true);
  return p;
}

describe("a batch whose issuer gets another account meanwhile", () => {
  it.each([
    ["CreateOrder", 2, 0],
    ["PublishChallenge", 4, 0],
    ["ValidateChallenge", 4, 0],
    // The CA of another account knows neither order: that is a failure of both, and the next try orders anew.
    ["FinalizeOrder", 4, 2],
  ])(
    "before %s: both certificates come after %i orders and %i failures, and no record is left",
    async (task, orders, failures) => {
      const p = await changedAt(task);
      for (const name of names) expect([name, await p.ready(`web/${name}`)]).toEqual([name, true]);
      expect(p.ca.accounts.size).toBe(2);
      expect(p.ca.calls.newOrder).toBe(orders);
      expect(p.facts.filter(({ type }) => type === "Certificate Issuance Failed")).toHaveLength(failures);
      expect(p.dns.names()).toEqual([]);
    },
  );

  it("one attempt of which has challenges of the former account: it alone begins anew", async () => {
    let isChanged = false;
    const p: Pipeline = await openPipeline({
      hook: async (task, input, run) => {
        const { live } = input as StepInput;
        if (task === "ValidateChallenge" && !isChanged && live.length === names.length) {
          isChanged = true;
          const [first] = live;
          const item = first && (await p.state.challenges([first])).get(first.attemptId);
          if (first && item) await p.state.putChallenges(first, { ...item, accountKey: "formerly" });
        }
        return run();
      },
    });
    await p.issuer("ca", {});
    await p.time.runUntil(inSeconds(p, 5));
    for (const name of names) await p.requests.put(requestOf(name));
    p.dispatch(...names.map((name) => `web/${name}`));
    await p.time.runUntil(inSeconds(p, 600));
    for (const name of names) expect([name, await p.ready(`web/${name}`)]).toEqual([name, true]);
    expect(p.ca.calls.newOrder).toBe(2);
    const told = await Promise.all(names.map((name) => p.state.events(requestOf(name).key, 10)));
    const rotated = told.map((events) => events.filter(({ reason }) => reason === "AccountKeyRotated").length);
    expect(rotated.sort()).toEqual([0, 1]);
    expect(p.dns.names()).toEqual([]);
  });
});
