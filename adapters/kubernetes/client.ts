import type {
  ClusterAccess,
  Kubernetes,
  KubernetesKind,
  KubernetesObject,
  ObjectRef,
} from "../../core/kubernetes/port.ts";
import { guardUrl } from "../../core/url-guard.ts";
import { type Answer, asker, found } from "./ask.ts";
import { privateFix, unreachable } from "./network-faults.ts";
import { listed } from "./pages.ts";
import { objectPath } from "./resources.ts";
import { kubernetesTransport, type TransportOptions } from "./transport.ts";

export interface ClusterOptions extends TransportOptions {
  /** The Cluster's name, for messages. */
  cluster: string;
}

/** The port over HTTPS (https://kubernetes.io/docs/reference/using-api/). Opens no connection before the first call. */
export function kubernetesClient(access: ClusterAccess, options: ClusterOptions): Kubernetes {
  const url = checkedUrl(access.server, options);
  const { cluster, clock } = options;
  const ask = asker(kubernetesTransport(url, access, options), { cluster, host: url.host }, clock);
  return {
    version: async () => {
      const { gitVersion } = found(await ask({ method: "GET", path: "/version" }, { verb: "get", name: "/version" }));
      return String(gitVersion);
    },
    get: async (ref) => present(await ask({ method: "GET", path: objectPath(ref) }, { verb: "get", ...ref })),
    list: (kind, where) => listed(ask, kind, where),
    apply: async (object, { fieldManager, force }) => {
      const { managedFields: _, ...metadata } = object.metadata;
      const ref = refOf(object);
      const body = { type: "application/apply-patch+yaml", json: { ...object, metadata } };
      const path = `${objectPath(ref)}?${new URLSearchParams({ fieldManager, force: String(force) })}`;
      return found(
        await ask({ method: "PATCH", path, body }, { verb: "patch", ...ref }),
      ) as unknown as KubernetesObject;
    },
    patch: async (ref, change, { fieldManager }) => {
      const body = { type: "application/merge-patch+json", json: change };
      const path = `${objectPath(ref)}?${new URLSearchParams({ fieldManager })}`;
      return present(await ask({ method: "PATCH", path, body }, { verb: "patch", ...ref }));
    },
    delete: async (ref, preconditions) => {
      const json = { apiVersion: "v1", kind: "DeleteOptions", preconditions };
      const body = { type: "application/json", json };
      present(await ask({ method: "DELETE", path: objectPath(ref), body }, { verb: "delete", ...ref }));
    },
  };
}

function checkedUrl(server: string, options: ClusterOptions): URL {
  const guarded = guardUrl(server, options);
  if ("url" in guarded) return guarded.url;
  const host = URL.parse(server)?.host ?? "";
  throw unreachable(
    `The server of the cluster${host && `, ${host},`} ${guarded.problem}. It is not called.`,
    privateFix,
  );
}

function refOf({ kind, metadata: { namespace, name } }: KubernetesObject): ObjectRef {
  return { kind: kind as KubernetesKind, ...(namespace !== undefined && { namespace }), name };
}

function present(answer: Answer): KubernetesObject | undefined {
  return "refusal" in answer && answer.isAbsent ? undefined : (found(answer) as unknown as KubernetesObject);
}
