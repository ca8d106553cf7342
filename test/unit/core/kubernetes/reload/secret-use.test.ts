import { describe, expect, it } from "vitest";
import { usesSecret } from "../../../../../core/kubernetes/reload/secret-use.ts";
import { workload } from "./workload.ts";

const name = "www-tls";

describe("a workload uses a Secret", () => {
  it.each<[string, object]>([
    ["as a volume", { volumes: [{ secret: { secretName: name } }] }],
    ["as the second of its volumes", { volumes: [{ emptyDir: {} }, { secret: { secretName: name } }] }],
    [
      "in a projected volume",
      { volumes: [{ projected: { sources: [{ configMap: { name } }, { secret: { name } }] } }] },
    ],
    ["for a CSI driver", { volumes: [{ csi: { driver: "x", nodePublishSecretRef: { name } } }] }],
    [
      "as one variable",
      { containers: [{}, { env: [{ name: "A" }, { valueFrom: { secretKeyRef: { name, key: "tls.key" } } }] }] },
    ],
    ["as all of its variables", { containers: [{ envFrom: [{ secretRef: { name } }] }] }],
    ["in an init container", { containers: [{}], initContainers: [{ envFrom: [{ secretRef: { name } }] }] }],
  ])("%s", (_, pod) => {
    for (const kind of ["Deployment", "StatefulSet", "DaemonSet"] as const)
      expect(usesSecret(workload({ kind, name: "x", pod }), name)).toBe(true);
  });

  it.each<[string, object]>([
    ["only pulls its images with it", { imagePullSecrets: [{ name }] }],
    [
      "reads a ConfigMap of its name",
      { volumes: [{ configMap: { name } }], containers: [{ envFrom: [{ configMapRef: { name } }] }] },
    ],
    ["uses one that begins like it", { volumes: [{ secret: { secretName: `${name}-old` } }] }],
    ["has an ephemeral container that does", { ephemeralContainers: [{ envFrom: [{ secretRef: { name } }] }] }],
    ["has no containers", {}],
  ])("but not when it %s", (_, pod) => {
    expect(usesSecret(workload({ name: "x", pod }), name)).toBe(false);
  });

  it("but not when it has no pod template at all", () => {
    expect(usesSecret({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "x" } }, name)).toBe(false);
  });
});
