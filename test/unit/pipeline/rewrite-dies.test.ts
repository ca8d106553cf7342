import { describe, expect, it } from "vitest";
import type { Deps } from "../../../core/deps.ts";
import { UnavailableError } from "../../../core/errors.ts";
import { type PortCall, passing } from "../../support/explore/faulty-deps.ts";
import type { Around } from "../../support/pipeline.ts";
import { edit, issued, pkcs12, read, seconds, template, versions } from "../../support/rewriting.ts";

/** The first rewrite-secret dies before or after one call: nothing of it is done any more. */
function dying(call: string, when: "before" | "after"): { around: Around; died: () => boolean } {
  let isDead = false;
  const around: Around = async ({ name, deps }, run) => {
    if (name !== "rewrite-secret" || isDead) return run(deps);
    const pass = async ({ port, method }: PortCall, effect: () => Promise<unknown>) => {
      if (isDead) throw new Error("dead");
      const isIt = `${port}.${method}` === call;
      isDead ||= isIt && when === "before";
      const out = isDead ? undefined : await effect();
      isDead ||= isIt;
      if (isDead) throw new Error("dead");
      return out;
    };
    const own: Deps = { ...passing(deps, pass), log: () => undefined };
    return run(own).catch(() => undefined);
  };
  return { around, died: () => isDead };
}

describe("who dies is repeated", () => {
  it.each<[string, "before" | "after"]>([
    ["state.certificate", "before"],
    ["secretsManager.read", "after"],
    ["secretsManager.write", "before"],
    ["secretsManager.write", "after"],
    ["events.publish", "before"],
    ["state.putCertificate", "before"],
    ["state.putCertificate", "after"],
  ])("%s, %s it: one new version, the row knows it, no issuance", async (call, when) => {
    const { around, died } = dying(call, when);
    const p = await issued(pkcs12(), { around });
    await edit(p, { ...pkcs12(), ...template({ team: "web" }) });
    await seconds(p, 400);
    expect(died()).toBe(true);
    expect((await read(p)).metadata.labels.team).toBe("web");
    expect(versions(p)).toHaveLength(2);
    expect(await p.row("web/www")).toMatchObject({ revision: 1, issued: { versionId: versions(p)[1]?.id } });
    expect((await p.row("web/www"))?.rewrite).toBeUndefined();
    expect(p.executions).toHaveLength(1);
  });

  it("a call that never came is made again when the lease ends", async () => {
    let lost = 0;
    const around: Around = async ({ name, deps }, run) => {
      if (name === "rewrite-secret" && lost === 0) {
        lost += 1;
        return undefined;
      }
      return run(deps);
    };
    const p = await issued({}, { around });
    await edit(p, template({ team: "web" }));
    expect((await read(p)).metadata.labels.team).toBeUndefined();
    await seconds(p, 240);
    expect((await read(p)).metadata.labels.team).toBe("web");
  });

  it("a store that is away is asked again, with the reason shown, and the certificate stays Ready", async () => {
    const p = await issued();
    const { write } = p.stores.secretsManager;
    p.stores.secretsManager.write = async () => {
      throw new UnavailableError({ reason: "SecretChanging", message: "away" });
    };
    await edit(p, template({ team: "web" }));
    expect(await p.row("web/www")).toMatchObject({
      ready: { status: "True" },
      issuing: { status: "False", reason: "SecretChanging" },
      rewrite: { failures: 1 },
    });
    const first = (await p.row("web/www"))?.rewrite?.until ?? 0;
    await seconds(p, 120);
    const { until = 0, failures } = (await p.row("web/www"))?.rewrite ?? {};
    expect(failures).toBe(2);
    // A minute, then ten.
    expect(until - first).toBeGreaterThan(5 * 60_000);
    p.stores.secretsManager.write = write;
    await seconds(p, 900);
    expect((await read(p)).metadata.labels.team).toBe("web");
    expect((await p.row("web/www"))?.issuing).toBeUndefined();
  });
});
