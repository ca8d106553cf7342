import { GetObjectCommand, ListObjectVersionsCommand, S3Client } from "@aws-sdk/client-s3";
import { DescribeSecretCommand } from "@aws-sdk/client-secrets-manager";
import { beforeAll, describe, expect, it } from "vitest";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { leafOf } from "../support/integration-leaf.ts";
import type { SecretValue } from "../support/stack.ts";

const bed = openBed();
const { stack, fresh } = bed;
const { facts } = stack;
const issuer = fresh("stores");
const namespace = fresh("stores");
const ask = (name: string, annotations: Record<string, string>) =>
  certificate({ namespace, name, issuer, dnsNames: [`${fresh(name)}.example.test`], annotations });
const inS3 = ask("in-s3", { "certwright.dev/store": "s3" });
const usual = ask("usual", {});

const s3 = new S3Client({ ...stack.clients.settings, forcePathStyle: true });
const Bucket = `${facts.instance}-secrets-${facts.account}-${facts.region}`;
const Key = `${facts.instance}/${namespace}/in-s3-tls`;

/** Newest first. */
async function versions(): Promise<{ id: string; secret: SecretValue }[]> {
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }));
  return Promise.all(
    Versions.map(async ({ VersionId = "" }) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
      return { id: VersionId, secret: JSON.parse((await Body?.transformToString()) ?? "{}") as SecretValue };
    }),
  );
}

beforeAll(async () => {
  await bed.putIssuer({ name: issuer });
  await bed.put([inS3, usual]);
  await bed.ready([inS3, usual]);
});

describe("a Certificate whose annotation names the store s3", () => {
  it("has its secret in the versioned bucket, with the same keys as elsewhere, and a second version once it is renewed", async () => {
    const [first, ...none] = await versions();
    expect(none).toEqual([]);
    const secret = first?.secret ?? expect.unreachable();
    await stack.verify(secret);
    expect(leafOf(secret).names).toEqual([`${fresh("in-s3")}.example.test`]);
    const other = await bed.read(usual);
    expect(Object.keys(secret)).toEqual(Object.keys(other));
    const annotations = (value: SecretValue) => Object.keys((value.metadata as { annotations: object }).annotations);
    expect(annotations(secret)).toEqual(annotations(other));
    const elsewhere = stack.clients.secrets.send(new DescribeSecretCommand({ SecretId: Key }));
    await expect(elsewhere).rejects.toMatchObject({ name: "ResourceNotFoundException" });

    expect(await certwright(stack, ["renew", "in-s3", "-n", namespace])).toMatchObject({ code: 0 });
    await bed.shown([inS3], ({ ready, revision }) => ready?.status === "True" && revision === 2);
    const [renewed, before, ...rest] = await versions();
    expect(rest).toEqual([]);
    expect(before).toEqual(first);
    const next = renewed?.secret ?? expect.unreachable();
    await stack.verify(next);
    expect(Object.keys(next)).toEqual(Object.keys(secret));
    expect(leafOf(next).serialNumber).not.toBe(leafOf(secret).serialNumber);
  });
});
