import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { readExamples } from "../../local/examples.ts";
import { root } from "../../local/paths.ts";

/** With ca.crt, which an ACME CA does not give. */
const ofPrivateCa = ["internal-tls", "private-root"];

describe("npm start -- --kubernetes --once", () => {
  it("ends with what kubectl shows: the Secret of every example", async () => {
    const args = ["run", "local/main.ts", "--kubernetes", "--once"];
    const { stdout } = await promisify(execFile)(process.execPath, [join(root, "local", "start.mjs"), ...args]);
    const wanted = readExamples().flatMap(({ kind, spec }) =>
      kind === "Certificate" ? [(spec as { secretName: string }).secretName] : [],
    );
    const [head, ...secrets] = stdout
      .trimEnd()
      .split("\n")
      .slice(-(wanted.length + 1));
    expect(head?.trim().split(/\s+/)).toEqual(["NAMESPACE", "NAME", "TYPE", "DATA", "AGE"]);
    expect(secrets.map((line) => line.trim().split(/\s+/).slice(0, 4))).toEqual(
      wanted.sort().map((name) => ["default", name, "kubernetes.io/tls", ofPrivateCa.includes(name) ? "3" : "2"]),
    );
    expect(stdout).not.toContain("trouble");
  });
});
