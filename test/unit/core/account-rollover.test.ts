import { describe, expect, it } from "vitest";
import type { AcmeIssuer } from "../../../core/acme-port.ts";
import type { Deps } from "../../../core/deps.ts";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import { newKeyPem } from "../../support/acme-bed.ts";
import { accountSecret, type IssuerAtCa, issuerAtCa } from "../../support/issuer-at-ca.ts";
import { thumbprintOf } from "../../support/thumbprint.ts";

const rotate = (at = "2026-11-22T12:00:00Z") => ({ "certwright.dev/rotate-account-key-requested-at": at });

async function registered(): Promise<IssuerAtCa & { old: string; accountUrl: string }> {
  const issuer = await issuerAtCa();
  await issuer.put();
  await issuer.check();
  const { keyThumbprint = "", accountUrl = "" } = (await issuer.row()).acme ?? {};
  return { ...issuer, old: keyThumbprint, accountUrl };
}

/** A world whose CA's door is another one. */
function atDoor({ p }: IssuerAtCa, change: (door: AcmeIssuer) => Partial<AcmeIssuer>): Partial<Deps> {
  const acmeRegistrar: Deps["acmeRegistrar"] = async (request) => {
    const door = await p.deps.acmeRegistrar(request);
    return { ...door, ...change(door) };
  };
  return { acmeRegistrar };
}

/** The account has one new key, at the CA, in the secret and in State; nobody made a second account. */
async function rolledOver(issuer: Awaited<ReturnType<typeof registered>>): Promise<void> {
  const { ready, acme } = await issuer.row();
  expect(ready.status).toBe("True");
  expect(acme?.keyThumbprint).not.toBe(issuer.old);
  expect(await issuer.storedKeys()).toEqual({ "tls.key": acme?.keyThumbprint });
  expect(issuer.accounts()).toMatchObject([{ url: issuer.accountUrl, thumbprint: acme?.keyThumbprint }]);
}

describe("the account's key", () => {
  it("is changed once for each wish, and the old one is gone from the secret", async () => {
    const issuer = await registered();
    await issuer.put({}, rotate());
    await issuer.check();
    await rolledOver(issuer);
    expect((await issuer.row()).acme?.keyRotationRequestedAt).toBe("2026-11-22T12:00:00Z");
    await issuer.check();
    expect(issuer.p.ca.calls.keyChange).toBe(1);
    await issuer.put({}, rotate("2026-11-22T13:00:00Z"));
    await issuer.check();
    expect(issuer.p.ca.calls.keyChange).toBe(2);
    expect(await issuer.reasons()).toEqual(["AccountKeyRotated", "AccountKeyRotated"]);
  });

  it("is not changed for a wish that comes with the issuer itself: it is new", async () => {
    const issuer = await issuerAtCa();
    await issuer.put({}, rotate());
    await issuer.check();
    await issuer.check();
    expect(issuer.p.ca.calls.keyChange).toBeUndefined();
  });

  it("is changed to the algorithm that the issuer asks for, and only then", async () => {
    const issuer = await registered();
    expect(await issuer.keyType()).toMatchObject({ modulusLength: 2_048 });
    const ecdsa = { "certwright.dev/account-key-algorithm": "ECDSA" };
    await issuer.put({}, ecdsa);
    await issuer.check();
    expect(await issuer.keyType()).toMatchObject({ modulusLength: 2_048 });
    await issuer.put({}, { ...ecdsa, ...rotate() });
    await issuer.check();
    expect(await issuer.keyType()).toEqual({ namedCurve: "prime256v1" });
    await rolledOver(issuer);
  });

  it.each<[string, (issuer: IssuerAtCa) => Partial<Deps>]>([
    [
      "before the CA is told",
      (issuer) =>
        atDoor(issuer, () => ({ changeKey: () => Promise.reject(new UnavailableError({ reason: "X", message: "" })) })),
    ],
    [
      "after the CA took it, and its answer is lost with everything else",
      (issuer) => {
        let told = false;
        return atDoor(issuer, (door) => ({
          changeKey: async (pem) => {
            await door.changeKey(pem);
            told = true;
            throw new UnavailableError({ reason: "CATimeout", message: "" });
          },
          registerAccount: (request) => {
            if (told) throw new UnavailableError({ reason: "CATimeout", message: "" });
            return door.registerAccount(request);
          },
        }));
      },
    ],
    [
      "after the CA took it and before it is stored alone",
      ({ p }) => {
        let writes = 0;
        const { secretsManager } = p.stores;
        const write: typeof secretsManager.write = (wanted) =>
          ++writes === 2 ? Promise.reject(new Error("the function died")) : secretsManager.write(wanted);
        return { store: async () => ({ ...secretsManager, write }) };
      },
    ],
    [
      "after it is stored and before State knows",
      ({ p }) => {
        const putIssuer = () => Promise.reject(new Error("the function died"));
        return { state: { ...p.state, putIssuer } };
      },
    ],
  ])("survives a death %s", async (_, dying) => {
    const issuer = await registered();
    await issuer.put({}, rotate());
    await issuer.check(dying(issuer)).catch(() => undefined);
    expect(issuer.accounts()).toHaveLength(1);
    const { ready } = await issuer.row();
    expect(ready.status).toBe("True");
    await issuer.check();
    await rolledOver(issuer);
    expect((await issuer.row()).acme?.keyRotationRequestedAt).toBe("2026-11-22T12:00:00Z");
  });

  it("is asked of the CA when its answer to the change is lost: no second change", async () => {
    const issuer = await registered();
    await issuer.put({}, rotate());
    const lost = atDoor(issuer, (door) => ({
      changeKey: async (pem) => {
        await door.changeKey(pem);
        throw new UnavailableError({ reason: "CATimeout", message: "" });
      },
    }));
    await issuer.check(lost);
    await rolledOver(issuer);
    expect(issuer.p.ca.calls.keyChange).toBe(1);
  });

  it("stays when the CA refuses the change: the issuer is Ready, says so, and the next try makes another key", async () => {
    const issuer = await registered();
    await issuer.put({}, rotate());
    const refused = new RefusedError({ reason: "KeyChangeRefused", message: "no RSA here", fix: "see" });
    await issuer.check(atDoor(issuer, () => ({ changeKey: () => Promise.reject(refused) })));
    const { ready, dueAt, failedChecks } = await issuer.row();
    expect(ready).toMatchObject({ status: "True", reason: "ACMEAccountRegistered" });
    expect(ready.message).toContain("its key was not changed: no RSA here; see");
    expect(failedChecks).toBe(1);
    expect(dueAt).toBeLessThan(issuer.p.deps.clock.now().getTime() + 120_000);
    expect(await issuer.storedKeys()).toEqual({ "tls.key": issuer.old });
    expect(await issuer.reasons()).toEqual(["AccountKeyNotRotated"]);
    await issuer.check();
    await rolledOver(issuer);
  });

  it("stays when the CA says yes and does not take it: the old key is never given up for one that nobody knows", async () => {
    const issuer = await registered();
    await issuer.put({}, rotate());
    await issuer.check(atDoor(issuer, () => ({ changeKey: async () => undefined })));
    expect((await issuer.row()).ready).toMatchObject({ status: "True", message: expect.stringContaining("said yes") });
    expect(await issuer.storedKeys()).toEqual({ "tls.key": issuer.old });
    await issuer.check();
    await rolledOver(issuer);
  });

  it("is not changed where a person stored it: certwright writes over nothing that is not its own", async () => {
    const issuer = await issuerAtCa();
    const pem = await newKeyPem();
    const value = JSON.stringify({ "tls.key": pem });
    issuer.p.stores.secretsManager.secrets.set(accountSecret, { tags: {}, versions: [{ id: "by-hand", value }] });
    await issuer.put();
    await issuer.check();
    await issuer.put({}, rotate());
    await issuer.check();
    expect((await issuer.row()).ready).toMatchObject({
      status: "True",
      message: expect.stringMatching(/did not make/),
    });
    expect(await issuer.storedKeys()).toEqual({ "tls.key": thumbprintOf(pem) });
    expect(await issuer.reasons()).toEqual(["AccountKeyNotRotated"]);
  });

  it("is changed once by two checks at the same moment, and neither makes a second account", async () => {
    const issuer = await registered();
    await issuer.put({}, rotate());
    await Promise.all([issuer.check(), issuer.check(), issuer.check()]);
    await rolledOver(issuer);
    await issuer.check();
    await rolledOver(issuer);
  });

  it("that is changed while another check asks for the old one makes no second account", async () => {
    const issuer = await registered();
    await issuer.put({}, rotate());
    let others: Promise<unknown> | undefined;
    const late = atDoor(issuer, (door) => ({
      registerAccount: async (request) => {
        others ??= issuer.check();
        await others;
        return door.registerAccount(request);
      },
    }));
    await issuer.check(late);
    await rolledOver(issuer);
  });
});
