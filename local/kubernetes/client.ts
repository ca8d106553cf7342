import { request } from "node:https";
import { parseAllDocuments, stringify } from "yaml";
import type { ClusterAccess, KubernetesObject } from "../../core/kubernetes/port.ts";

/** An apiserver as its administrator asks it; each call is a connection of its own, so that a restart breaks none. */
export type KubernetesClient = ReturnType<typeof createKubernetesClient>;

/** An answer that is no 2xx. */
class KubernetesRefusal extends Error {
  readonly status: number;
  /** `Forbidden`, `AlreadyExists` ... */
  readonly reason: string;

  constructor(what: string, { status, body }: Answer) {
    const said = parsed(body);
    super(`${what}: ${status} ${said.message ?? body.slice(0, 200)}`);
    this.status = status;
    this.reason = said.reason ?? "";
  }
}

/** With the credentials of anybody; paths are the API's, `/api/v1/namespaces/web/secrets/www-tls`. */
export function createKubernetesClient(access: ClusterAccess) {
  const ask = async (method: string, path: string, body?: unknown, type = "application/json") => {
    const answer = await send(access, { method, path, type, ...(body !== undefined && { body: asText(body) }) });
    if (answer.status >= 300) throw new KubernetesRefusal(`${method} ${path}`, answer);
    return answer.isJson ? JSON.parse(answer.body) : answer.body;
  };
  const pathOf = createPaths((path) => ask("GET", path));
  const apply = async (object: KubernetesObject, how: { fieldManager?: string; force?: boolean } = {}) => {
    const query = `fieldManager=${how.fieldManager ?? "admin"}&force=${how.force ?? true}`;
    const path = `${await pathOf(object)}?${query}`;
    // JSON is YAML, and says of a label "y" that it is a text.
    return (await ask("PATCH", path, object, "application/apply-patch+yaml")) as KubernetesObject;
  };
  return {
    access,
    /** Any request; JSON in, JSON out, or text where the answer is none. Throws KubernetesRefusal. */
    ask,
    get: async (path: string): Promise<KubernetesObject | undefined> =>
      ask("GET", path).catch((error: unknown) => {
        if (error instanceof KubernetesRefusal && error.status === 404) return undefined;
        throw error;
      }),
    list: async (path: string): Promise<KubernetesObject[]> => (await ask("GET", path)).items,
    create: async (path: string, object: object): Promise<KubernetesObject> => ask("POST", path, object),
    /** Server-side apply; takes fields over unless `force` is false. */
    apply,
    /** Applies every document of a YAML text, in its order. */
    applyYaml: async (text: string): Promise<KubernetesObject[]> => {
      const objects = parseAllDocuments(text).flatMap((one): KubernetesObject[] => one.toJS() ?? []);
      const applied: KubernetesObject[] = [];
      for (const object of objects) applied.push(await apply(object));
      return applied;
    },
    /** JSON merge patch (RFC 7386). */
    patch: async (path: string, change: object): Promise<KubernetesObject> =>
      ask("PATCH", path, change, "application/merge-patch+json"),
    patchStatus: async (path: string, status: object): Promise<KubernetesObject> =>
      ask("PATCH", `${path}/status`, { status }, "application/merge-patch+json"),
    delete: async (path: string): Promise<void> => void (await ask("DELETE", path)),
  };
}

/** A kubeconfig file with these credentials. */
export function kubeconfigOf({ server, caBundle, credentials }: ClusterAccess): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const user =
    "token" in credentials
      ? { token: credentials.token }
      : {
          "client-certificate-data": base64(credentials.certificatePem),
          "client-key-data": base64(credentials.keyPem),
        };
  const cluster = { server, ...(caBundle && { "certificate-authority-data": base64(caBundle) }) };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "local", cluster }],
    users: [{ name: "local", user }],
    contexts: [{ name: "local", context: { cluster: "local", user: "local" } }],
    "current-context": "local",
  });
}

interface Answer {
  status: number;
  isJson: boolean;
  body: string;
}

const timeoutMs = 30_000;

function send(
  { server, caBundle, credentials }: ClusterAccess,
  { method, path, type, body }: { method: string; path: string; type: string; body?: string },
): Promise<Answer> {
  const identity =
    "token" in credentials
      ? { headers: { authorization: `Bearer ${credentials.token}` } }
      : { cert: credentials.certificatePem, key: credentials.keyPem, headers: {} };
  const headers = {
    accept: "application/json",
    ...identity.headers,
    ...(body !== undefined && { "content-type": type }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(`${server}${path}`, { ...identity, agent: false, ca: caBundle, method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const isJson = answer.headers["content-type"]?.startsWith("application/json") ?? false;
        resolve({ status: answer.statusCode ?? 0, isJson, body: Buffer.concat(chunks).toString("utf8") });
      });
    });
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no answer from ${server} within ${timeoutMs / 1000} s`)));
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Where an object lives, as the apiserver's own discovery says. */
function createPaths(ask: (path: string) => Promise<Discovery>) {
  const known = new Map<string, Discovery>();
  return async ({ apiVersion, kind, metadata }: KubernetesObject): Promise<string> => {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const discovered = known.get(root) ?? (await ask(root));
    known.set(root, discovered);
    const found = discovered.resources.find((each) => each.kind === kind && !each.name.includes("/"));
    if (!found) throw new Error(`${apiVersion} has no kind ${kind}`);
    const within = found.namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
    return `${root}${within}/${found.name}/${metadata.name}`;
  };
}

interface Discovery {
  resources: { kind: string; name: string; namespaced: boolean }[];
}

function asText(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}

function parsed(body: string): { message?: string; reason?: string } {
  try {
    return JSON.parse(body);
  } catch {
    return {};
  }
}
