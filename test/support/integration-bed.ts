import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { BatchGetItemCommand, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Manifest } from "../../local/requests.ts";
import { keyOf } from "../../local/requests.ts";
import { pebbleIssuer } from "../../local/seed.ts";
import { connectStack } from "./stack.ts";

export type TestStack = ReturnType<typeof connectStack>;

/** What a tenant reads in the State table. */
export interface Shown {
  resource: string;
  ready?: { status: string; reason: string; message: string };
  revision?: number;
  failedIssuanceAttempts?: number;
  dueAt?: number;
  deletedAt?: number;
}

export interface IssuerWish {
  name: string;
  /** An Issuer of this namespace; a ClusterIssuer when absent. */
  namespace?: string;
  /** The secret of its account key; its own when absent. */
  accountSecret?: string;
  solvers?: unknown[];
}

/** The running stack with names that no other test uses, and issuers without a limit of executions. */
export function openBed() {
  const stack = connectStack();
  const id = randomBytes(3).toString("hex");
  return {
    stack,
    id,
    /** `www-3f2a1c`: a name of this run of this file. */
    fresh: (prefix: string) => `${prefix}-${id}`,
    issuer: (wish: IssuerWish): Manifest => issuerManifest(stack, wish),
    putIssuer: async (wish: IssuerWish) => {
      await stack.put(issuerManifest(stack, wish));
      await untilReady(stack, [issuerManifest(stack, wish)]);
    },
    put: (manifests: Manifest[]) => Promise.all(manifests.map((manifest) => stack.put(manifest))),
    /** Resolves when all are Ready, read as a tenant would; throws what the slow ones say. */
    ready: (manifests: Manifest[], timeoutMs?: number) => untilReady(stack, manifests, timeoutMs),
    /** Resolves once `until` holds for all of them. */
    shown: (manifests: Manifest[], until: (one: Shown) => boolean, timeoutMs?: number) =>
      untilShown(stack, manifests, until, timeoutMs),
    /** The item that lies in the Requests table. */
    requested: async (manifest: Manifest) => {
      const { Item } = await stack.clients.dynamo.send(
        new GetItemCommand({ TableName: stack.tables.requests, Key: marshall(keyOf(manifest)), ConsistentRead: true }),
      );
      return Item && unmarshall(Item);
    },
    read: (manifest: Manifest) => stack.secret(secretKeyOf(manifest)),
  };
}

export interface CertificateWish {
  name: string;
  namespace?: string;
  issuer: string;
  issuerKind?: "Issuer" | "ClusterIssuer";
  /** `<name>-tls` when absent. */
  secretName?: string;
  dnsNames: string[];
  annotations?: Record<string, string>;
  more?: Record<string, unknown>;
}

/** A Certificate; ECDSA, so that making keys takes no time. */
export function certificate(wish: CertificateWish): Manifest {
  const { name, namespace = "default", issuer, issuerKind = "ClusterIssuer", annotations } = wish;
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace, ...(annotations && { annotations }) },
    spec: {
      secretName: wish.secretName ?? `${name}-tls`,
      dnsNames: wish.dnsNames,
      issuerRef: { name: issuer, kind: issuerKind },
      privateKey: { algorithm: "ECDSA" },
      ...wish.more,
    },
  };
}

/** Namespace and name of the secret that a Certificate, its spec a map, asks for. */
export function secretKeyOf({ metadata, spec }: Manifest): { namespace: string; name: string } {
  return { namespace: metadata.namespace ?? "default", name: (spec as { secretName: string }).secretName };
}

function issuerManifest({ facts }: TestStack, wish: IssuerWish): Manifest {
  const { name, namespace, accountSecret = `${name}-account` } = wish;
  const plain = pebbleIssuer(facts, name, "default");
  const { acme } = plain.spec as { acme: Record<string, unknown> };
  return {
    ...plain,
    ...(namespace && { kind: "Issuer" }),
    metadata: {
      name,
      ...(namespace && { namespace }),
      annotations: { "certwright.dev/rate-limits": '{"executions":"off"}' },
    },
    spec: {
      acme: { ...acme, privateKeySecretRef: { name: accountSecret }, ...(wish.solvers && { solvers: wish.solvers }) },
    },
  };
}

function untilReady(stack: TestStack, manifests: Manifest[], timeoutMs?: number): Promise<Shown[]> {
  return untilShown(stack, manifests, ({ ready }) => ready?.status === "True", timeoutMs);
}

async function untilShown(
  stack: TestStack,
  manifests: Manifest[],
  until: (one: Shown) => boolean,
  timeoutMs = 60_000,
): Promise<Shown[]> {
  for (const end = Date.now() + timeoutMs; ; ) {
    const shown = await show(stack, manifests);
    const open = manifests.filter((_, index) => !until(shown[index] as Shown));
    if (open.length === 0) return shown;
    if (Date.now() > end) {
      const late = shown.filter((one) => !until(one));
      throw new Error(`not so after ${timeoutMs} ms: ${JSON.stringify(late.slice(0, 5), undefined, 1)}`);
    }
    await sleep(200);
  }
}

/** At most 100 of them. */
async function show({ clients, tables }: TestStack, manifests: Manifest[]): Promise<Shown[]> {
  const Keys = manifests.map((manifest) => marshall(keyOf(manifest)));
  const asked = new BatchGetItemCommand({ RequestItems: { [tables.state]: { Keys, ConsistentRead: true } } });
  const { Responses } = await clients.dynamo.send(asked);
  const found = (Responses?.[tables.state] ?? []).map((item) => unmarshall(item) as Shown & { namespace: string });
  return manifests.map((manifest) => {
    const { namespace, resource } = keyOf(manifest);
    return found.find((one) => one.namespace === namespace && one.resource === resource) ?? { resource };
  });
}
