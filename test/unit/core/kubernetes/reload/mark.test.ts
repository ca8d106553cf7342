import { describe, expect, it } from "vitest";
import { markOf, patchFor } from "../../../../../core/kubernetes/reload/mark.ts";
import { start } from "./workload.ts";

const nameOf = (secret: string) => markOf(start({ revision: 1, name: secret })).annotation.split("/")[1] ?? "";
const long = `${"a".repeat(45)}.${"b".repeat(100)}`;

describe("the annotation that restarts pods", () => {
  it("is the Secret's, and says for which certificate", () => {
    const mark = markOf(start({ revision: 12 }));
    expect(mark).toEqual({ annotation: "reload.certwright.dev/www-tls", value: "web/www@12" });
    expect(patchFor(mark)).toEqual({
      spec: { template: { metadata: { annotations: { "reload.certwright.dev/www-tls": "web/www@12" } } } },
    });
  });

  it.each(["a", "www.example.com-tls", "x".repeat(63)])("is called like the Secret %s", (secret) => {
    expect(nameOf(secret)).toBe(secret);
  });

  it.each([
    ["64 characters", "x".repeat(64)],
    ["253 characters", "x".repeat(253)],
    ["many characters and a dot where it is cut", long],
  ])("has a name that Kubernetes takes, for the name of a Secret with %s", (_, secret) => {
    expect(nameOf(secret)).toMatch(/^[a-z0-9][-.a-z0-9]{0,61}[a-z0-9]$/);
    expect(nameOf(secret).slice(0, 40)).toBe(secret.slice(0, 40));
  });

  it("differs between long names that begin alike", () => {
    expect(nameOf(`${long}-1`)).not.toBe(nameOf(`${long}-2`));
  });
});
