import { describe, expect, it } from "vitest";
import {
  accountKeyPermissions,
  bundlePermissions,
  credentialPermissions,
  storePermissions,
} from "../../../../adapters/stores/index.ts";
import type { StorePermissions } from "../../../../adapters/stores/permissions.ts";

const scope = {
  instance: "certwright",
  partition: "aws",
  region: "eu-west-1",
  account: "111122223333",
  bucket: "certwright-secrets-111122223333-eu-west-1",
  keyArn: "arn:aws:kms:eu-west-1:111122223333:key/k",
};
const secrets = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:certwright/*";
const bucket = "arn:aws:s3:::certwright-secrets-111122223333-eu-west-1";
const stores = [
  ["secretsManager", storePermissions.secretsManager(scope)],
  ["s3", storePermissions.s3(scope)],
] as const;
const owner = "aws:ResourceTag/certwright:owner";

describe.each(stores)("the permissions of %s", (_store, permissions) => {
  const all = Object.values(permissions).flat();

  it("name actions and resources without a bare wildcard", () => {
    expect(all.flatMap(({ actions }) => actions).filter((action) => action.includes("*"))).toEqual([]);
    expect(all.flatMap(({ resources }) => resources).filter((resource) => resource === "*")).toEqual([]);
  });

  it("stay within the instance: its prefix, its bucket, its key", () => {
    const allowed = [secrets, bucket, `${bucket}/certwright/*`, scope.keyArn];
    expect(all.flatMap(({ resources }) => resources).filter((resource) => !allowed.includes(resource))).toEqual([]);
  });

  it("let describe and scheduleDeletion reach no value and no key", () => {
    const reading = ["secretsmanager:GetSecretValue", "s3:GetObject", "s3:GetObjectVersion", "kms:Decrypt"];
    for (const verb of ["describe", "scheduleDeletion"] as const) {
      expect(actionsOf(permissions, verb).filter((action) => reading.includes(action))).toEqual([]);
    }
  });

  it("let read change nothing", () => {
    expect(actionsOf(permissions, "read").filter((action) => !/:(Get|List|Decrypt)/.test(action))).toEqual([]);
  });

  it("use the key only through the store and only for our secrets", () => {
    for (const { actions, conditions } of all.filter(({ resources }) => resources.includes(scope.keyArn))) {
      expect(actions.every((action: string) => ["kms:Decrypt", "kms:GenerateDataKey"].includes(action))).toBe(true);
      const fences = { ...conditions?.StringEquals, ...conditions?.StringLike };
      expect(fences["kms:ViaService"]).toMatch(/^(secretsmanager|s3)\.eu-west-1\.amazonaws\.com$/);
      expect(fences["kms:EncryptionContext:SecretARN"] ?? fences["kms:EncryptionContext:aws:s3:arn"]).toBeDefined();
    }
  });
});

describe("secretsManager's permissions", () => {
  const { write, scheduleDeletion } = storePermissions.secretsManager(scope);

  it("let no role write, restore or delete a secret that has no tag of a Certificate", () => {
    const touching = [...write, ...scheduleDeletion].filter(({ actions }) => actions.some((action) => changes(action)));
    expect(touching).toHaveLength(2);
    for (const { conditions } of touching) expect(conditions?.StringLike).toEqual({ [owner]: ["*/Certificate/*"] });
  });

  it("let no role delete without a recovery window", () => {
    expect(scheduleDeletion.at(-1)?.conditions?.NumericGreaterThanEquals).toEqual({
      "secretsmanager:RecoveryWindowInDays": "7",
    });
  });
});

describe("the permissions of account keys", () => {
  const { read, write } = accountKeyPermissions(scope);

  it("reach no value of a Certificate's secret", () => {
    const [value] = read.filter(({ actions }) => actions.includes("secretsmanager:GetSecretValue"));
    expect(value?.conditions).toEqual({ StringNotLike: { [owner]: ["*/Certificate/*"] } });
    expect(write.flatMap(({ actions }) => actions)).not.toContain("secretsmanager:GetSecretValue");
  });

  it("write what issuers own, and nothing else", () => {
    const touching = write.filter(({ actions }) => actions.some((action) => changes(action)));
    expect(touching.map(({ conditions }) => conditions?.StringLike)).toEqual([
      { [owner]: ["*/ClusterIssuer/*", "*/Issuer/*"] },
    ]);
  });
});

describe("the permissions of Clusters and Bundles", () => {
  const ofClusters = secrets.replace("/*", "/_cluster/*");
  const ofBundles = secrets.replace("/*", "/_cluster/bundle-*");
  const [value] = credentialPermissions(scope, "_cluster");
  const write = bundlePermissions(scope);

  it("read only secrets of _cluster that nobody of certwright made", () => {
    expect(value).toEqual({
      actions: ["secretsmanager:GetSecretValue"],
      resources: [ofClusters],
      conditions: { Null: { [owner]: "true" } },
    });
  });

  it("and those of DNS providers in every namespace, but by the same rule", () => {
    const [anywhere] = credentialPermissions(scope, "*");
    expect(anywhere).toEqual({ ...value, resources: [secrets] });
  });

  it("write only what a Bundle owns, under the names of Bundles", () => {
    const onSecrets = write.filter(({ resources }) => !resources.includes(scope.keyArn));
    expect(onSecrets.map(({ resources }) => resources)).toEqual(onSecrets.map(() => [ofBundles]));
    const touching = write.filter(({ actions }) => actions.some((action) => changes(action)));
    expect(touching.map(({ conditions }) => conditions?.StringLike)).toEqual([{ [owner]: ["_cluster/Bundle/*"] }]);
    expect(write.flatMap(({ actions }) => actions)).not.toContain("secretsmanager:DeleteSecret");
  });

  it("encrypt with the key for Bundles alone", () => {
    const [seal, ...others] = write.filter(({ resources }) => resources.includes(scope.keyArn));
    expect(others).toEqual([]);
    expect(seal?.actions).toEqual(["kms:GenerateDataKey"]);
    expect(seal?.conditions?.StringLike).toEqual({ "kms:EncryptionContext:SecretARN": [ofBundles] });
  });
});

function changes(action: string): boolean {
  return /:(Put|Update|Restore|Delete)/.test(action);
}

function actionsOf(permissions: StorePermissions, verb: keyof StorePermissions): string[] {
  return permissions[verb].flatMap(({ actions }) => actions);
}
