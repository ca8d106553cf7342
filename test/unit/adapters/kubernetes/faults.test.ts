import { describe, expect, it } from "vitest";
import { faultOf, type KubernetesCall, type KubernetesStatus } from "../../../../adapters/kubernetes/faults.ts";

/** As kube-apiserver v1.36.3 sends them. */
const at = { cluster: "prod", host: "k8s.example.com" };
const call: KubernetesCall = { verb: "patch", kind: "Secret", namespace: "web", name: "www-tls" };
const retryAt = new Date("2026-05-01T12:00:07Z");
const rbac =
  'secrets "www-tls" is forbidden: User "agent-1" cannot patch resource "secrets" in API group "" in the namespace "web"';
const tooLong = (field: string) => ({
  causes: [{ reason: "FieldValueTooLong", message: "Too long: may not be", field }],
});
const owned = (manager: string, field: string) => ({
  reason: "FieldManagerConflict",
  message: `conflict with "${manager}" using v1`,
  field,
});

function fault(status: KubernetesStatus, asked: KubernetesCall = call) {
  return faultOf(status, asked, at, retryAt) as Error & { reason: string; fix: string };
}

describe("what an apiserver's refusal means", () => {
  const rows: [string, string, KubernetesStatus][] = [
    ["401", "RefusedError CredentialsRejected", { code: 401, reason: "Unauthorized", message: "Unauthorized" }],
    [
      "403 of the anonymous user",
      "RefusedError CredentialsRejected",
      { code: 403, message: 'secrets "x" is forbidden: User "system:anonymous" cannot get resource "secrets"' },
    ],
    ["403 by RBAC", "RefusedError KubernetesForbidden", { code: 403, reason: "Forbidden", message: rbac }],
    [
      "403 by a policy",
      "RefusedError KubernetesForbidden",
      { code: 403, message: 'admission webhook "deny.example.com" denied the request: no' },
    ],
    [
      "403 by a quota",
      "RefusedError QuotaExceeded",
      {
        code: 403,
        message: 'secrets "x" is forbidden: exceeded quota: small, requested: count/secrets=1, used: 5, limited: 5',
      },
    ],
    [
      "403 by a quota without a status",
      "RefusedError QuotaExceeded",
      { code: 403, message: 'secrets "x" is forbidden: failed quota: small: must specify memory' },
    ],
    [
      "403 by a namespace that ends",
      "RefusedError NamespaceTerminating",
      {
        code: 403,
        message: "no",
        details: { causes: [{ reason: "NamespaceTerminating", field: "metadata.namespace" }] },
      },
    ],
    [
      "404 of the namespace",
      "RefusedError NamespaceNotFound",
      { code: 404, message: 'namespaces "web" not found', details: { name: "web", kind: "namespaces" } },
    ],
    [
      "404 of the kind",
      "RefusedError ObjectRefused",
      { code: 404, message: "the server could not find the requested resource" },
    ],
    [
      "409 by another manager",
      "RefusedError FieldManagerConflict",
      { code: 409, details: { causes: [owned("x", ".type")] } },
    ],
    [
      "409 by a version",
      "RefusedError ObjectChanged",
      { code: 409, reason: "Conflict", message: "the object has been modified" },
    ],
    ["409 by one that is there", "RefusedError ObjectChanged", { code: 409, reason: "AlreadyExists" }],
    [
      "422 by another uid",
      "RefusedError ObjectChanged",
      { code: 422, details: { causes: [{ reason: "FieldValueInvalid", field: "metadata.uid" }] } },
    ],
    ["413", "RefusedError ObjectTooLarge", { code: 413, reason: "RequestEntityTooLarge" }],
    ["422 of a large Secret", "RefusedError ObjectTooLarge", { code: 422, details: tooLong("data") }],
    ["422 of a large ConfigMap", "RefusedError ObjectTooLarge", { code: 422, details: tooLong("[]") }],
    [
      "422 of large annotations",
      "RefusedError ObjectTooLarge",
      { code: 422, details: tooLong("metadata.annotations") },
    ],
    ["422 of a long field manager", "RefusedError ObjectRefused", { code: 422, details: tooLong("fieldManager") }],
    ["500 by etcd's limit", "RefusedError ObjectTooLarge", { code: 500, message: "etcdserver: request is too large" }],
    [
      "500 by the schema",
      "RefusedError ObjectRefused",
      {
        code: 500,
        message: "failed to create typed patch object (web/x; /v1, Kind=Secret): .data.a: expected string, got 5",
      },
    ],
    [
      "500 by a decoder",
      "RefusedError ObjectRefused",
      {
        code: 500,
        message: "failed to convert new object (web/x; /v1, Kind=Secret) to proper version: illegal base64",
      },
    ],
    ["422 of anything else", "RefusedError ObjectRefused", { code: 422, reason: "Invalid", message: "no" }],
    ["400", "RefusedError ObjectRefused", { code: 400, reason: "BadRequest", message: "no" }],
    ["410", "RefusedError ObjectRefused", { code: 410, reason: "Expired" }],
    ["429", "RateLimitedError ClusterBusy", { code: 429, reason: "TooManyRequests" }],
    ["500", "UnavailableError ClusterUnreachable", { code: 500, message: "etcdserver: leader changed" }],
    ["503", "UnavailableError ClusterUnreachable", { code: 503, reason: "ServiceUnavailable" }],
    ["504", "UnavailableError ClusterUnreachable", { code: 504, reason: "Timeout" }],
    ["302", "UnavailableError ClusterUnreachable", { code: 302 }],
  ];

  it.each(rows)("%s: %s, with a fix", (_, expected, status) => {
    const error = fault(status);
    expect(`${error.name} ${error.reason}`).toBe(expected);
    expect(error.fix).toMatch(/./);
    expect(error.message).toContain("k8s.example.com");
  });

  it("says until when to wait", () => {
    expect(fault({ code: 429 })).toMatchObject({ retryAt });
  });
});

describe("what its message says", () => {
  it("who may not do what where, and how to give the right", () => {
    const { message, fix } = fault({ code: 403, message: rbac });
    expect(message).toBe('The user "agent-1" may not patch secrets "www-tls" in namespace "web" (k8s.example.com).');
    expect(fix).toContain('"certwright kubernetes rbac prod"');
  });

  it("the verb that RBAC names, when it is another than ours", () => {
    const create = rbac.replace("cannot patch", "cannot create");
    expect(fault({ code: 403, message: create }).message).toContain('may not create secrets "www-tls"');
  });

  it("a path that is no object", () => {
    const message = 'forbidden: User "agent-1" cannot get path "/version"';
    const asked: KubernetesCall = { verb: "get", name: "/version" };
    expect(fault({ code: 403, message }, asked).message).toBe(
      'The user "agent-1" may not get /version (k8s.example.com).',
    );
  });

  it("which managers have which fields", () => {
    const causes = [owned("argo", ".type"), owned("kubectl-edit", ".data.tls.crt"), owned("argo", ".data.tls.key")];
    expect(fault({ code: 409, details: { causes } }).message).toContain(
      '"argo" has .type, .data.tls.key; "kubectl-edit" has .data.tls.crt',
    );
  });

  it("which quota is full", () => {
    const message =
      'secrets "x" is forbidden: exceeded quota: small, requested: count/secrets=1, used: count/secrets=5';
    expect(fault({ code: 403, message }).message).toContain("quota small, requested: count/secrets=1");
  });

  it("which webhook failed", () => {
    const message = "Internal error occurred: failed calling webhook: context deadline exceeded";
    expect(fault({ code: 500, message }).message).toContain("failed calling webhook");
  });
});
