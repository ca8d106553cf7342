import { openCluster } from "../../adapters/kubernetes/index.ts";
import { type Deps, storedName } from "../../core/deps.ts";
import { isNamed, RefusedError, UnavailableError } from "../../core/errors.ts";
import type { ClusterSpec } from "../../core/kubernetes/cluster.ts";
import type { ClusterAccess, Kubernetes } from "../../core/kubernetes/port.ts";
import type { Clock } from "../../core/ports.ts";
import type { ResourceKey } from "../../core/resource.ts";
import type { ClientConfig, OpenStore } from "./deps.ts";
import { type EksTokens, eksTokens } from "./eks-tokens.ts";
import type { Environment } from "./environment.ts";

export interface KubernetesWorld {
  client: ClientConfig;
  clock: Clock;
  store: OpenStore;
}

/** Opens the doors of clusters. Secrets are read anew each time; EKS tokens are kept for some minutes. */
export function openKubernetes(environment: Environment, world: KubernetesWorld): Pick<Deps, "kubernetes"> {
  const { instance, allowedPrivateHosts } = environment;
  const { clock, store } = world;
  const tokens = eksTokens(instance, world);
  return {
    kubernetes: async ({ key, spec }) => {
      const read = secretReader(instance, store, key);
      const access = await accessOf(spec, read, tokens).catch((error: unknown) => {
        throw asClusterFault(error, key.name);
      });
      const options = { cluster: key.name, clock, allowedPrivateHosts, userAgent: await userAgent() };
      const door = await openCluster(access, options);
      const { auth } = spec;
      return "eks" in auth ? rejectionsTold(door, () => tokens.forget(auth.eks)) : door;
    },
  };
}

/** `certwright-<instance>-<account>-<region>`, from the ARN of `<instance>-issue-certificates`; Kubernetes takes 128 characters. */
export function fieldManagerOf(stateMachineArn: string): string {
  const [, , , region, account, , name = ""] = stateMachineArn.split(":");
  return `certwright-${name.replace(/-issue-certificates$/, "")}-${account}-${region}`;
}

type ReadSecret = (name: string, ...keys: string[]) => Promise<string[]>;

async function accessOf(spec: ClusterSpec, read: ReadSecret, tokens: EksTokens): Promise<ClusterAccess> {
  const { auth, server, caBundle } = spec;
  const stated = { ...(server !== undefined && { server }), ...(caBundle !== undefined && { caBundle }) };
  if ("kubeconfigSecretRef" in auth) {
    const { readKubeconfig } = await import("../../core/kubernetes/kubeconfig.ts");
    const [text = ""] = await read(auth.kubeconfigSecretRef.name, auth.kubeconfigSecretRef.key);
    return { ...readKubeconfig(text), ...stated };
  }
  return { server: "", ...stated, credentials: await credentialsOf(auth, read, tokens) };
}

async function credentialsOf(
  auth: Exclude<ClusterSpec["auth"], { kubeconfigSecretRef: unknown }>,
  read: ReadSecret,
  tokens: EksTokens,
): Promise<ClusterAccess["credentials"]> {
  if ("eks" in auth) return { token: await tokens.token(auth.eks) };
  if ("tokenSecretRef" in auth) {
    const [token = ""] = await read(auth.tokenSecretRef.name, auth.tokenSecretRef.key);
    return { token };
  }
  const { name } = auth.clientCertificateSecretRef;
  const [certificatePem = "", keyPem = ""] = await read(name, "tls.crt", "tls.key");
  return { certificatePem, keyPem };
}

/** The texts under keys of a stored secret beside the Cluster, all of one version. */
function secretReader(instance: string, store: OpenStore, { namespace }: ResourceKey): ReadSecret {
  return async (secretName, ...keys) => {
    const name = storedName(instance, namespace, secretName);
    const secret = await (await store("secretsManager")).read(name);
    if (!secret) throw missing(`secret "${name}" does not exist`, keys);
    const fields = fieldsOf(secret.value);
    return keys.map((key) => {
      const text = fields[key];
      if (typeof text === "string" && text !== "") return text;
      throw missing(`secret "${name}" has no key "${key}"`, keys);
    });
  };
}

function fieldsOf(value: string): Record<string, unknown> {
  try {
    const fields: unknown = JSON.parse(value);
    return typeof fields === "object" && fields !== null ? (fields as Record<string, unknown>) : {};
  } catch {
    // The value is not shown: it may hold a key.
    return {};
  }
}

function missing(message: string, keys: string[]): RefusedError {
  const fix = `Store a JSON object with ${keys.map((key) => `"${key}"`).join(" and ")} there, or name another secret in spec.auth of the Cluster.`;
  return new RefusedError({ reason: "CredentialsRejected", message, fix });
}

/** What stands between us and credentials, in the words of the port. */
function asClusterFault(error: unknown, cluster: string): unknown {
  if (!isNamed(error) || error.reason === "CredentialsRejected") return error;
  const message = `No credentials for the cluster ${cluster}: ${error.message}`;
  const fault = { message, cause: error, ...(error.fix !== undefined && { fix: error.fix }) };
  return error.name === "UnavailableError"
    ? new UnavailableError({ ...fault, reason: "ClusterUnreachable" })
    : new RefusedError({ ...fault, reason: "CredentialsRejected" });
}

function rejectionsTold(door: Kubernetes, rejected: () => void): Kubernetes {
  const told =
    <In extends unknown[], Out>(call: (...input: In) => Promise<Out>) =>
    (...input: In): Promise<Out> =>
      call(...input).catch((error: unknown) => {
        if (isNamed(error) && error.reason === "CredentialsRejected") rejected();
        throw error;
      });
  return {
    version: told(door.version),
    get: told(door.get),
    list: told(door.list),
    apply: told(door.apply),
    patch: told(door.patch),
    delete: told(door.delete),
  };
}

async function userAgent(): Promise<string> {
  const { default: packageJson } = await import("../../package.json", { with: { type: "json" } });
  return `certwright/${packageJson.version}`;
}
