import { expect, it } from "vitest";
import { checkManifest } from "../../../cli/check-manifest.ts";
import { parseManifests } from "../../../cli/manifest.ts";

it("reads a spec that a file has as a text, like one in the table", () => {
  const text = `apiVersion: certwright.dev/v1
kind: Certificate
metadata: { name: www }
spec: "{secretName: www-tls, dnsNames: [www.example.test], issuerRef: {name: ca}}"
`;
  const { manifests } = parseManifests({ file: "www.yaml", text });
  expect(manifests.map((manifest) => checkManifest(manifest, undefined))).toMatchObject([
    { accepted: { request: { key: { name: "www" } } } },
  ]);
});
