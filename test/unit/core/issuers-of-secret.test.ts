import { describe, expect, it } from "vitest";
import { issuersOfSecret } from "../../../core/issuers-of-secret.ts";
import { idOf, parseId } from "../../../core/resource.ts";
import { openPipeline } from "../../support/pipeline.ts";

const objects: [string, object][] = [
  ["web/Issuer/mine", { ca: { secretName: "root-ca" } }],
  ["web/Issuer/other", { ca: { secretName: "other-ca" } }],
  ["web/Issuer/selfsigned", { selfSigned: {} }],
  ["web/Issuer/broken", { ca: {} }],
  ["shop/Issuer/theirs", { ca: { secretName: "root-ca" } }],
  ["cert-manager/Issuer/near", { ca: { secretName: "root-ca" } }],
  ["_cluster/ClusterIssuer/all", { ca: { secretName: "root-ca" } }],
];

describe("the issuers that sign with a stored secret", () => {
  it.each([
    ["web", "root-ca", ["web/Issuer/mine"]],
    ["web", "nobodys-ca", []],
    ["cert-manager", "root-ca", ["cert-manager/Issuer/near", "_cluster/ClusterIssuer/all"]],
  ])("in namespace %s, of the secret %s", async (namespace, secretName, expected) => {
    const p = await openPipeline();
    for (const [id, spec] of objects) {
      const key = parseId(id) ?? expect.unreachable();
      await p.requests.put({ key, apiVersion: "cert-manager.io/v1", spec });
    }
    expect((await issuersOfSecret(p.deps, { namespace, secretName })).map(idOf)).toEqual(expected);
  });
});
