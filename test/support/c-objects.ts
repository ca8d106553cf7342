import { CreateSecretCommand, DeleteSecretCommand, PutSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import type { Manifest } from "../../local/requests.ts";
import type { TestStack } from "./integration-bed.ts";

/** The same issuer with other fields under spec.acme; undefined takes one away. */
export function withAcme(issuer: Manifest, change: Record<string, unknown>): Manifest {
  const { acme } = issuer.spec as { acme: Record<string, unknown> };
  const fields = Object.entries({ ...acme, ...change }).filter(([, value]) => value !== undefined);
  return { ...issuer, spec: { acme: Object.fromEntries(fields) } };
}

/** The same Certificate with other fields under spec. */
export function withSpec(certificate: Manifest, change: Record<string, unknown>): Manifest {
  return { ...certificate, spec: { ...(certificate.spec as object), ...change } };
}

/** The same object, written anew: DynamoDB's stream shows it, and it asks for nothing that it did not ask for before. */
export function touched(manifest: Manifest): Manifest {
  const { annotations = {} } = manifest.metadata as { annotations?: Record<string, string> };
  const metadata = { ...manifest.metadata, annotations: { ...annotations, "example.test/touched": stamp() } };
  return { ...manifest, metadata };
}

/** The same Certificate, to be renewed now. */
export function toRenew(manifest: Manifest): Manifest {
  const { annotations = {} } = manifest.metadata as { annotations?: Record<string, string> };
  const metadata = {
    ...manifest.metadata,
    annotations: { ...annotations, "certwright.dev/renew-requested-at": stamp() },
  };
  return { ...manifest, metadata };
}

/** Stored secrets as a person at the AWS command line handles them; names without the instance. */
export function secretsByHand({ clients, facts }: TestStack) {
  const { secrets } = clients;
  const idOf = (name: string) => `${facts.instance}/${name}`;
  return {
    create: async (name: string, value: object) => {
      await secrets.send(new CreateSecretCommand({ Name: idOf(name), SecretString: JSON.stringify(value) }));
    },
    overwrite: async (name: string, value: object) => {
      await secrets.send(new PutSecretValueCommand({ SecretId: idOf(name), SecretString: JSON.stringify(value) }));
    },
    delete: async (name: string) => {
      await secrets.send(new DeleteSecretCommand({ SecretId: idOf(name), ForceDeleteWithoutRecovery: true }));
    },
  };
}

function stamp(): string {
  return new Date().toISOString();
}
