import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { findPlace } from "../../../cli/place.ts";

const folder = mkdtempSync(join(tmpdir(), "certwright-place-"));
afterAll(() => rmSync(folder, { recursive: true }));

const stack = { endpoint: "http://127.0.0.1:4566", region: "eu-central-1", instance: "certwright", pid: process.pid };
const nobody = { HOME: join(folder, "nobody") };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(folder, "checkout-"));
});

function running(content: unknown): void {
  mkdirSync(join(root, ".local", "run"), { recursive: true });
  writeFileSync(
    join(root, ".local", "run", "current.json"),
    typeof content === "string" ? content : JSON.stringify(content),
  );
}

describe("where the installation is", () => {
  it("is the running local stack when nothing else is said", () => {
    running({ ...stack, more: "fields are fine" });
    expect(findPlace(nobody, undefined, root)).toEqual({ where: "local", ...stack });
    expect(findPlace({ ...nobody, AWS_REGION: "us-east-1" }, "certwright", root)).toMatchObject({ where: "local" });
  });

  it.each([
    [{ AWS_PROFILE: "work" }, undefined, "certwright"],
    [{ AWS_ACCESS_KEY_ID: "x" }, undefined, "certwright"],
    [{ AWS_ENDPOINT_URL: "http://127.0.0.1:1" }, "green", "green"],
    [{ AWS_PROFILE: "work", CERTWRIGHT_INSTANCE: "blue" }, undefined, "blue"],
    [{ AWS_PROFILE: "work", CERTWRIGHT_INSTANCE: "blue" }, "green", "green"],
    [{}, "blue", "blue"],
    [{ CERTWRIGHT_INSTANCE: "blue" }, undefined, "blue"],
  ])("is AWS although a local stack runs, with %j and --instance %s", (env, asked, instance) => {
    running(stack);
    expect(findPlace({ ...nobody, ...env }, asked, root)).toEqual({ where: "aws", instance });
  });

  it("is AWS when its configuration files are there and no stack runs", () => {
    const home = join(folder, "somebody");
    mkdirSync(join(home, ".aws"), { recursive: true });
    writeFileSync(join(home, ".aws", "config"), "");
    expect(findPlace({ HOME: home }, undefined, root)).toEqual({ where: "aws", instance: "certwright" });
    running(stack);
    expect(findPlace({ HOME: home }, undefined, root)).toMatchObject({ where: "local" });
  });

  it.each([
    ["there is none", undefined],
    ["its process is gone", { ...stack, pid: 2 ** 22 + 1 }],
    ["the file is broken", "{"],
    ["the file says too little", { pid: process.pid }],
  ])("is nowhere when %s, and says how to start one", (_, content) => {
    if (content !== undefined) running(content);
    expect(() => findPlace(nobody, undefined, root)).toThrow("no local stack runs in this checkout");
    expect(() => findPlace(nobody, undefined, root)).toThrow(
      expect.objectContaining({ fix: expect.stringContaining("npm start") }),
    );
  });
});
