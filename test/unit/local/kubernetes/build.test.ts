import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildKubernetes } from "../../../../local/kubernetes/build.ts";

let folder: string;
let cache: string;
let link: string;
const told: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "certwright-build-"));
  cache = join(folder, "cache");
  link = join(folder, "link");
  told.length = 0;
  // Says what it was asked, and makes the file that -o names.
  go('echo "$PWD $*" >> "$LOG"; while [ $# -gt 1 ]; do [ "$1" = -o ] && echo built > "$2"; shift; done');
});
afterEach(() => rmSync(folder, { recursive: true }));

function go(body: string): void {
  const script = `#!/bin/sh\nLOG=${join(folder, "asked")}\nCACHE=${cache}\n${body}\n`;
  writeFileSync(join(folder, "go"), script, { mode: 0o755 });
}

const build = () =>
  buildKubernetes({
    go: join(folder, "go"),
    hash: "0123456789abcdef",
    logFile: join(folder, "build.log"),
    cache,
    link,
    tell: (line) => void told.push(line),
  });
const asked = () => readFileSync(join(folder, "asked"), "utf8").trim().split("\n");
const called = `kubernetes-v1.36.3-${process.platform}-${process.arch}-01234567`;

describe("building Kubernetes", () => {
  it("makes three commands, each by its own go.mod, and the version that they say", async () => {
    await build();
    expect(readlinkSync(link)).toBe(join(cache, called));
    expect(readdirSync(link).sort()).toEqual(["etcd", "kube-apiserver", "kubectl"]);
    expect(asked().map((line) => line.replace(/^.*\/local\/kubernetes\/(\w+) .* (\S+)$/, "$1 $2"))).toEqual([
      "etcd go.etcd.io/etcd/server/v3",
      "apiserver k8s.io/kubernetes/cmd/kube-apiserver",
      "apiserver k8s.io/kubernetes/cmd/kubectl",
    ]);
    expect(asked()[1]).toContain("version.gitVersion=v1.36.3 ");
    expect(asked()[1]).toMatch(/version\.gitMajor=1 .*version\.gitMinor=36 /);
  });

  it("builds nothing that is there, and leads to it", async () => {
    mkdirSync(join(cache, called), { recursive: true });
    mkdirSync(link);
    await build();
    expect([existsSync(join(folder, "asked")), readlinkSync(link)]).toEqual([false, join(cache, called)]);
  });

  it("shows nobody a folder that is not complete", async () => {
    go('case "$*" in *kubectl) echo undefined: x >&2; exit 2;; esac');
    await expect(build()).rejects.toThrow(/could not build kubectl \(go build ended with 2\)[\s\S]*undefined: x/);
    expect([readdirSync(cache), existsSync(link)]).toEqual([[], false]);
  });

  it("takes what another one has built meanwhile", async () => {
    go(`mkdir -p "$CACHE/${called}/theirs"`);
    await build();
    expect([readdirSync(cache), readdirSync(link)]).toEqual([[called], ["theirs"]]);
  });

  it("removes what a build that was killed left behind, and no other's", async () => {
    const { pid: dead } = spawnSync(process.execPath, ["-e", ""]);
    const [abandoned, theirs] = [`${called}.${dead}.building`, `${called}x.${process.ppid}.building`];
    for (const name of [abandoned, theirs]) mkdirSync(join(cache, name), { recursive: true });
    await build();
    expect(readdirSync(cache).sort()).toEqual([called, theirs]);
  });
});
