import type { Tags } from "../../adapters/stores/rules.ts";
import { foreign, refuseForeign, refuseUnfit, stale, tagsOf } from "../../adapters/stores/rules.ts";
import { awsFault } from "../../core/aws-fault.ts";
import type { SecretStore, SecretWrite } from "../../core/ports.ts";
import type { Around } from "./faults.ts";

interface Version {
  id: string;
  value: string;
}

interface MemorySecret {
  tags: Tags;
  /** Oldest first; the last is current. */
  versions: Version[];
  deletedAt?: Date;
}

/** A SecretStore in memory; every verb is one call that may fail before or after its effect. */
export interface MemorySecretStore extends SecretStore {
  secrets: Map<string, MemorySecret>;
}

export function memorySecretStore(around: Around = async (_call, effect) => effect()): MemorySecretStore {
  const secrets = new Map<string, MemorySecret>();
  const verb = async <Out>(call: string, effect: () => Out): Promise<Out> => {
    try {
      return await around(call, effect);
    } catch (error) {
      throw awsFault(error, { service: "Memory", action: call, resource: "a secret" });
    }
  };
  return {
    secrets,
    describe: (name) => verb("describe", () => describeSecret(name, secrets.get(name))),
    read: (name) =>
      verb("read", () => {
        const secret = secrets.get(name);
        const current = secret?.versions.at(-1);
        return secret?.deletedAt || !current ? undefined : { value: current.value, versionId: current.id };
      }),
    write: async (write) => {
      refuseUnfit(write);
      return verb("write", () => writeSecret(secrets, write));
    },
    scheduleDeletion: (name, recoveryDays) =>
      verb("scheduleDeletion", () => {
        const secret = secrets.get(name);
        if (!secret || secret.deletedAt) return;
        if (secret.tags["certwright:owner"] === undefined) throw foreign(name, undefined, "a Certificate");
        secret.deletedAt = new Date(recoveryDays * 86_400_000);
      }),
  };
}

function describeSecret(name: string, secret: MemorySecret | undefined) {
  if (!secret) return undefined;
  const { deletedAt, tags, versions } = secret;
  const versionId = versions.at(-1)?.id;
  return { arn: arnOf(name), versionId, owner: tags["certwright:owner"], ...(deletedAt && { deletedAt }) };
}

function writeSecret(secrets: Map<string, MemorySecret>, write: SecretWrite) {
  const secret = secrets.get(write.name);
  const done = { arn: arnOf(write.name), versionId: write.token };
  if (!secret && write.replaces !== undefined) throw stale(write, undefined);
  if (secret) {
    const versionId = secret.versions.at(-1)?.id;
    refuseForeign({ tags: secret.tags, versionId, deleted: secret.deletedAt !== undefined }, write);
    if (versionId === write.token) return done;
    if (versionId !== (write.replaces ?? (secret.deletedAt ? versionId : undefined))) throw stale(write, versionId);
  }
  const versions = [...(secret?.versions ?? []), { id: write.token, value: write.value }];
  secrets.set(write.name, { tags: tagsOf(write), versions });
  return done;
}

function arnOf(name: string): string {
  return `arn:memory:::${name}`;
}
