import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { describe, expect, it } from "vitest";
import { secretsManager } from "../../../../adapters/stores/secrets-manager.ts";
import { testSecretStore } from "../../../contract/secret-store.ts";
import { testSecretStoreInterleavings } from "../../../contract/secret-store-interleavings.ts";
import { fakeSecretsManager } from "../../../support/fake-secrets-manager.ts";
import type { Around } from "../../../support/faults.ts";
import { newFaults } from "../../../support/faults.ts";
import { newName, writeOf } from "../../../support/secret-writes.ts";

testSecretStore("AWS Secrets Manager", onSecretsManager);
testSecretStoreInterleavings("AWS Secrets Manager", onSecretsManager);

describe("secretsManager", () => {
  it("makes a new secret in one call, with our three tags and the key", async () => {
    const { faults, fake, store, name } = setUp();
    await store.write(writeOf(name, {}));
    expect(faults.calls).toEqual(["CreateSecret"]);
    expect(fake.secrets.get(name)?.kmsKeyId).toBe("arn:aws:kms:eu-west-1:111122223333:key/k");
    expect(Object.fromEntries(fake.secrets.get(name)?.tags ?? [])).toEqual({
      "certwright:owner": "web/Certificate/www",
      "certwright:namespace": "web",
      "certwright:issuer": "_cluster/ClusterIssuer/le",
    });
  });

  it("uses the attempt's token as the version", async () => {
    const { store, name } = setUp();
    const token = "0b5f4f5e-6f1c-4a56-8f0e-3f1f2a6f7b10";
    expect(await store.write(writeOf(name, { token }))).toMatchObject({ versionId: token });
  });

  it("renews in three calls, the last of which names both versions", async () => {
    const { faults, store, name } = setUp();
    const { versionId } = await store.write(writeOf(name, {}));
    await store.write(writeOf(name, { replaces: versionId }));
    expect(faults.calls.slice(1)).toEqual(["DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage"]);
  });

  it("changes the tags when another issuer signs", async () => {
    const { fake, store, name } = setUp();
    const { versionId } = await store.write(writeOf(name, {}));
    await store.write(writeOf(name, { replaces: versionId, issuer: "web/Issuer/own" }));
    expect(fake.secrets.get(name)?.tags.get("certwright:issuer")).toBe("web/Issuer/own");
  });

  it("promotes a version that was put before but not promoted, though its salt differs", async () => {
    const { faults, fake, store, name } = setUp();
    const { versionId } = await store.write(writeOf(name, { value: "one" }));
    const write = writeOf(name, { value: "two", replaces: versionId });
    faults.breakCall(3, "before");
    await expect(store.write(write)).rejects.toMatchObject({ name: "UnavailableError" });
    expect(fake.secrets.get(name)?.versions.get(write.token)?.stages).toEqual(new Set(["AWSPENDING"]));
    faults.mend();
    await store.write({ ...write, value: "two with another salt" });
    expect(await store.read(name)).toEqual({ value: "two", versionId: write.token });
  });

  it("writes into a secret that has our tags and no value yet", async () => {
    const { fake, store, name } = setUp();
    await store.write(writeOf(name, {}));
    fake.secrets.get(name)?.versions.clear();
    const { versionId } = await store.write(writeOf(name, { value: "one" }));
    expect(await store.read(name)).toEqual({ value: "one", versionId });
  });

  it("promotes where the emulator has taken AWSCURRENT away from every version", async () => {
    const { faults, fake, store, name } = setUp();
    const one = await store.write(writeOf(name, { value: "one" }));
    const write = writeOf(name, { value: "two", replaces: one.versionId });
    faults.meanwhile(3, () => {
      for (const { stages } of fake.secrets.get(name)?.versions.values() ?? []) stages.clear();
    });
    await store.write(write);
    expect(await store.read(name)).toEqual({ value: "two", versionId: write.token });
  });

  it("does not ask again for the deletion of what is scheduled: that could begin a new recovery window", async () => {
    const { faults, store, name } = setUp();
    await store.write(writeOf(name, {}));
    await store.scheduleDeletion(name, 7);
    await store.scheduleDeletion(name, 30);
    expect(faults.calls.filter((call) => call === "DeleteSecret")).toHaveLength(1);
  });

  it.each([
    ["CreateSecret", undefined, 1],
    ["DescribeSecret", "there", 1],
    ["PutSecretValue", "there", 2],
    ["UpdateSecretVersionStage", "there", 3],
  ])("names secretsmanager:%s when it is not allowed, the secret, and what to do", async (operation, there, nth) => {
    const { faults, store, name } = setUp();
    const before = there ? await store.write(writeOf(name, {})) : undefined;
    faults.breakCall(nth, "before", Object.assign(new Error("not allowed"), { name: "AccessDeniedException" }));
    const write = store.write(writeOf(name, { replaces: before?.versionId }));
    await expect(write).rejects.toMatchObject({
      name: "RefusedError",
      reason: "SecretAccessDenied",
      message: expect.stringContaining(`secretsmanager:${operation} on ${name}`),
      fix: expect.stringContaining(`secretsmanager:${operation}`),
    });
  });

  it.each([
    ["EncryptionFailure", "RefusedError", "SecretKeyUnusable"],
    ["LimitExceededException", "RefusedError", "SecretQuotaExceeded"],
    ["ThrottlingException", "UnavailableError", "Throttled"],
    ["InternalServiceError", "UnavailableError", "ServiceUnavailable"],
  ])("turns %s into %s %s", async (thrown, name, reason) => {
    const { faults, store, name: secret } = setUp();
    faults.breakCall(1, "before", Object.assign(new Error("said AWS"), { name: thrown }));
    await expect(store.write(writeOf(secret, {}))).rejects.toMatchObject({ name, reason });
  });

  it("is unavailable when the secret is deleted between two calls", async () => {
    const { faults, fake, store, name } = setUp();
    const { versionId } = await store.write(writeOf(name, {}));
    faults.meanwhile(2, () => {
      Object.assign(fake.secrets.get(name) ?? {}, { deletedAt: new Date() });
    });
    const write = store.write(writeOf(name, { replaces: versionId }));
    await expect(write).rejects.toMatchObject({ name: "UnavailableError", reason: "SecretChanging" });
  });

  it("keeps the value out of every error", async () => {
    for (const thrown of ["AccessDeniedException", "ThrottlingException", "InvalidParameterException"]) {
      const { faults, store, name } = setUp();
      faults.breakCall(1, "before", Object.assign(new Error("said AWS"), { name: thrown }));
      const error = await store.write(writeOf(name, { value: "the key" })).catch((caught) => caught);
      expect(`${error.message} ${error.fix} ${error.stack}`).not.toContain("the key");
    }
  });
});

function setUp() {
  const faults = newFaults();
  const fake = fakeSecretsManager(faults.around);
  const kmsKeyId = "arn:aws:kms:eu-west-1:111122223333:key/k";
  return { faults, fake, store: secretsManager.create({ client: fake.client, kmsKeyId }), name: newName() };
}

function onSecretsManager(around: Around) {
  const fake = fakeSecretsManager(around);
  const behind = fakeSecretsManager();
  const labelled = (name: string, stage: string) =>
    [...(fake.secrets.get(name)?.versions.values() ?? [])].find(({ stages }) => stages.has(stage))?.value;
  return {
    store: secretsManager.create({ client: fake.client }),
    valueCalls: ["GetSecretValue"],
    putForeign: async (name: string) => {
      const ClientRequestToken = "made-by-hand-made-by-hand-made-by-hand";
      await behind.client.send(
        new CreateSecretCommand({ Name: name, SecretString: "a user's own", ClientRequestToken }),
      );
      const secret = behind.secrets.get(name);
      if (secret) fake.secrets.set(name, secret);
      return ClientRequestToken;
    },
    values: async (name: string) => [labelled(name, "AWSCURRENT"), labelled(name, "AWSPREVIOUS")],
  };
}
