import { describe, expect, it } from "vitest";
import { s3 } from "../../../../adapters/stores/s3.ts";
import { testSecretStore } from "../../../contract/secret-store.ts";
import { testSecretStoreInterleavings } from "../../../contract/secret-store-interleavings.ts";
import { fakeS3 } from "../../../support/fake-s3.ts";
import type { Around } from "../../../support/faults.ts";
import { newFaults } from "../../../support/faults.ts";
import { newName, writeOf } from "../../../support/secret-writes.ts";

testSecretStore("S3", onS3);
testSecretStoreInterleavings("S3", onS3);

describe("s3", () => {
  it("makes a new secret in one call, encrypted with the key and its bucket key", async () => {
    const { faults, fake, store, name } = setUp();
    const { arn } = await store.write(writeOf(name, {}));
    expect(faults.calls).toEqual(["PutObject"]);
    expect(arn).toBe(`arn:aws:s3:::secrets/${name}`);
    expect(fake.objects.get(name)?.[0]?.input).toMatchObject({
      Bucket: "secrets",
      Key: name,
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: "arn:aws:kms:eu-west-1:111122223333:key/k",
      BucketKeyEnabled: true,
      IfNoneMatch: "*",
    });
  });

  it("gives an object our three tags only, and the token as metadata", async () => {
    const { fake, store, name } = setUp();
    const write = writeOf(name, {});
    await store.write(write);
    expect(fake.objects.get(name)?.[0]).toMatchObject({ metadata: { "certwright-token": write.token } });
    expect(fake.objects.get(name)?.[0]?.tags).toEqual({
      "certwright:owner": "web/Certificate/www",
      "certwright:namespace": "web",
      "certwright:issuer": "_cluster/ClusterIssuer/le",
    });
  });

  it("renews in three calls, none of which lists", async () => {
    const { faults, store, name } = setUp();
    const { versionId } = await store.write(writeOf(name, {}));
    await store.write(writeOf(name, { replaces: versionId }));
    expect(faults.calls.slice(1)).toEqual(["HeadObject", "GetObjectTagging", "PutObject"]);
  });

  it("takes the ARN's partition from its deps", async () => {
    const store = s3.create({ client: fakeS3().client, bucket: "secrets", partition: "aws-cn" });
    expect(await store.write(writeOf("certwright/web/x", {}))).toMatchObject({
      arn: "arn:aws-cn:s3:::secrets/certwright/web/x",
    });
  });

  it("is unavailable when S3 decides nothing (409) and nothing has changed", async () => {
    const { faults, store, name } = setUp();
    const { versionId } = await store.write(writeOf(name, {}));
    faults.breakCall(3, "before", answer(409, "ConditionalRequestConflict"));
    const write = store.write(writeOf(name, { replaces: versionId }));
    await expect(write).rejects.toMatchObject({ name: "UnavailableError", reason: "SecretChanging" });
  });

  it("is done when S3 answers 409 to what it had written", async () => {
    const { faults, store, name } = setUp();
    faults.breakCall(1, "after", answer(409, "ConditionalRequestConflict"));
    const { versionId } = await store.write(writeOf(name, { value: "one" }));
    expect(await store.read(name)).toEqual({ value: "one", versionId });
  });

  it("names the right that is missing, the object, and what to do", async () => {
    const { faults, store, name } = setUp();
    faults.breakCall(1, "before", answer(403, "AccessDenied"));
    await expect(store.write(writeOf(name, {}))).rejects.toMatchObject({
      name: "RefusedError",
      reason: "SecretAccessDenied",
      message: expect.stringContaining(`s3:PutObject on arn:aws:s3:::secrets/${name}`),
      fix: expect.stringContaining("s3:PutObject"),
    });
  });

  it("does not take a missing bucket for a missing secret", async () => {
    const { faults, store, name } = setUp();
    const { versionId } = await store.write(writeOf(name, {}));
    faults.breakCall(3, "before", answer(404, "NoSuchBucket"));
    const write = store.write(writeOf(name, { replaces: versionId }));
    await expect(write).rejects.toMatchObject({ name: "NoSuchBucket" });
  });

  it("describes a deleted secret without owner where its tags cannot be read, as in the emulator", async () => {
    const { faults, store, name } = setUp();
    await store.write(writeOf(name, {}));
    await store.scheduleDeletion(name, 7);
    faults.breakCall(2, "before", answer(404, "NoSuchKey"));
    expect(await store.describe(name)).toMatchObject({ owner: undefined, deletedAt: expect.any(Date) });
  });
});

function setUp() {
  const faults = newFaults();
  const fake = fakeS3(faults.around);
  const kmsKeyId = "arn:aws:kms:eu-west-1:111122223333:key/k";
  return { faults, fake, store: s3.create({ client: fake.client, bucket: "secrets", kmsKeyId }), name: newName() };
}

function onS3(around: Around) {
  const fake = fakeS3(around);
  return {
    store: s3.create({ client: fake.client, bucket: "secrets" }),
    valueCalls: ["GetObject", "HeadObject"],
    putForeign: async (name: string) => {
      const version = { id: "by-hand", at: new Date(), marker: false, body: "a user's own", etag: '"e"' };
      fake.objects.set(name, [{ ...version, metadata: {}, tags: {}, input: {} }]);
      return version.id;
    },
    values: async (name: string) => {
      const [current, before] = (fake.objects.get(name) ?? []).filter(({ marker }) => !marker);
      return [current?.body, before?.body];
    },
  };
}

function answer(httpStatusCode: number, name: string): Error {
  return Object.assign(new Error("said S3"), { name, $metadata: { httpStatusCode } });
}
