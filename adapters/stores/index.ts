import type { SecretStore } from "../../core/ports.ts";
import type { StoreName } from "../../core/rows.ts";
import type { StorePermissions, StoreScope } from "./permissions.ts";
import { s3Permissions, secretsManagerPermissions } from "./permissions.ts";

export type { StorePermissions, StoreScope } from "./permissions.ts";
export { accountKeyPermissions, bundlePermissions, credentialPermissions } from "./permissions.ts";

/** What connects any store: the SDK client's settings, and where its secrets lie. */
export interface StoreConnection {
  region?: string;
  endpoint?: string;
  customUserAgent?: [string, string][];
  /** Name of the bucket for the S3 store. */
  bucket: string;
  /** ARN of the KMS key for key material. */
  kmsKeyId?: string;
  /** Of the ARNs that the S3 store answers; `aws` when absent. */
  partition?: string;
}

/** The stores by name; each is loaded only when it is used. */
export const stores = {
  secretsManager: async () => (await import("./secrets-manager.ts")).secretsManager,
  s3: async () => (await import("./s3.ts")).s3,
} satisfies Record<StoreName, () => Promise<StoreAdapter>>;

/** What each store's verbs need in IAM, without loading its SDK. */
export const storePermissions: Record<StoreName, (scope: StoreScope) => StorePermissions> = {
  secretsManager: secretsManagerPermissions,
  s3: s3Permissions,
};

/** Loads one store and connects it. */
export async function openStore(name: StoreName, connection: StoreConnection): Promise<SecretStore> {
  const { bucket, kmsKeyId, partition, ...client } = connection;
  const adapter: StoreAdapter = await stores[name]();
  return adapter.connect(client, { bucket, ...(kmsKeyId && { kmsKeyId }), ...(partition && { partition }) });
}

interface StoreAdapter {
  permissions(scope: StoreScope): StorePermissions;
  connect(
    client: Pick<StoreConnection, "region" | "endpoint" | "customUserAgent">,
    deps: Pick<StoreConnection, "bucket" | "kmsKeyId" | "partition">,
  ): SecretStore;
}
