import { describe, expect, it } from "vitest";
import { keyOf } from "../../../local/requests.ts";

describe("the key of an object", () => {
  it.each([
    ["Certificate", "web", "web"],
    ["Issuer", undefined, "default"],
    ["ClusterIssuer", undefined, "_cluster"],
    ["Cluster", "web", "_cluster"],
    ["Bundle", undefined, "_cluster"],
    ["Secret", "web", "web"],
  ])("of a %s written to %s is in %s", (kind, namespace, lives) => {
    const metadata = { name: "one", ...(namespace && { namespace }) };
    expect(keyOf({ kind, metadata, spec: {} })).toEqual({ namespace: lives, resource: `${kind}/one` });
  });
});
