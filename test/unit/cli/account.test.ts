import { beforeEach, describe, expect, it } from "vitest";
import type { AcmeAccount } from "../../../core/account-row.ts";
import { clusterIssuer, makeWorld, type World } from "./world.ts";

const key = { namespace: "_cluster", kind: "ClusterIssuer", name: "le" } as const;
const accountUrl = "https://ca.test/account/1";
let world: World;
beforeEach(async () => {
  world = makeWorld();
  await clusterIssuer(world, "le");
});

async function account(more?: Partial<AcmeAccount>): Promise<void> {
  const { acme: _, ...row } = (await world.state.issuer(key)) ?? expect.unreachable();
  const acme = { server: "https://ca.test/", accountUrl, directory: {}, keyThumbprint: "abc", keySecretName: "k" };
  await world.state.putIssuer(more ? { ...row, acme: { ...acme, ...more } } : row);
}

const annotations = async () =>
  ((await world.requests.get(key))?.metadata as { annotations?: Record<string, string> } | undefined)?.annotations ??
  {};

describe("account rotate-key", () => {
  it("asks by an annotation, to the millisecond", async () => {
    await account({});
    const ran = await world.run("account rotate-key clusterissuer/le");
    expect(ran).toMatchObject({
      code: 0,
      out: `clusterissuer/le new account key requested for ${accountUrl}`,
      err: "",
    });
    expect(await annotations()).toEqual({
      "certwright.dev/rotate-account-key-requested-at": "2026-11-22T12:00:00.000Z",
    });
  });

  it("needs an account that is open", async () => {
    await account();
    const none = await world.run("account rotate-key clusterissuer/le");
    expect(none).toMatchObject({ code: 1, err: expect.stringMatching(/^error: clusterissuer\/le has no account/) });
    await account({ deactivatedAt: "2026-11-22T11:00:00Z" });
    const closed = await world.run("account rotate-key clusterissuer/le");
    expect(closed.err).toContain("was deactivated at 2026-11-22T11:00:00Z");
    expect(await annotations()).toEqual({});
  });
});

describe("account deactivate", () => {
  it("names the account that is to be closed, so that no later one is", async () => {
    await account({});
    const ran = await world.run("account deactivate clusterissuer/le --yes");
    expect(ran).toMatchObject({ code: 0, out: `clusterissuer/le deactivation requested for ${accountUrl}`, err: "" });
    expect(await annotations()).toEqual({ "certwright.dev/deactivate-account": accountUrl });
  });

  it("does nothing without --yes, and says what it would do", async () => {
    await account({});
    const ran = await world.run("account deactivate clusterissuer/le");
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(`this closes ${accountUrl} for ever`);
    expect(await annotations()).toEqual({});
  });
});

describe("account", () => {
  it.each([
    ["account", "write account rotate-key KIND/NAME"],
    ["account close clusterissuer/le", 'there is no "account close"'],
    ["account rotate-key", "whose account?"],
    ["account rotate-key certificate/www", "only issuers have accounts"],
    ["account rotate-key clusterissuer/a clusterissuer/b", "one issuer at a time"],
  ])("%s is bad usage", async (line, said) => {
    expect(await world.run(line)).toMatchObject({ code: 2, err: expect.stringContaining(said) });
  });

  it("of an issuer that nobody asked for is not found", async () => {
    const ran = await world.run("account rotate-key issuer/none -n web");
    expect(ran).toMatchObject({ code: 1, err: 'error: issuer/none not found in namespace "web"' });
  });
});
