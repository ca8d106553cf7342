import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bugsIn, environment, fakeDeps, logged } from "./fake-function.ts";

const openDeps = vi.hoisted(() => vi.fn());
const rewriteSecrets = vi.hoisted(() => vi.fn());
vi.mock("../../../functions/runtime/deps.ts", () => ({ openDeps }));
vi.mock("../../../core/rewrite/rewrite-secret.ts", () => ({ rewriteSecrets }));

let lines: Record<string, unknown>[];
let handler: (event: unknown) => Promise<unknown>;

beforeEach(async () => {
  openDeps.mockReset().mockImplementation(() => fakeDeps().deps);
  rewriteSecrets.mockReset();
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  vi.resetModules();
  ({ handler } = await import("../../../functions/rewrite-secret/index.ts"));
  lines = logged();
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const www = { namespace: "web", kind: "Certificate", name: "www" };
const api = { ...www, name: "api" };

describe("the function rewrite-secret", () => {
  it("looks at the secrets of all keys, and says what became of each", async () => {
    rewriteSecrets.mockResolvedValue([
      { key: www, did: "rewrote", reason: "SecretTemplateMismatch" },
      { key: api, did: "nothing" },
    ]);
    expect(await handler({ keys: [www, api] })).toEqual({ looked: 2 });
    expect(rewriteSecrets.mock.calls).toEqual([[expect.objectContaining({ instance: "test" }), [www, api]]]);
    expect(lines.slice(0, 2)).toEqual([
      {
        event: "secret-looked-at",
        certificate: "web/Certificate/www",
        did: "rewrote",
        reason: "SecretTemplateMismatch",
      },
      { event: "secret-looked-at", certificate: "web/Certificate/api", did: "nothing" },
    ]);
  });

  it.each<[string, unknown]>([
    ["nothing", {}],
    ["text", { keys: ["web/Certificate/www"] }],
    ["a key without a name", { keys: [{ namespace: "web", kind: "Certificate" }] }],
    ["a kind that is none", { keys: [{ ...www, kind: "Secret" }] }],
  ])("refuses %s instead of keys, and looks at nothing", async (_what, event) => {
    await expect(handler(event)).rejects.toThrow();
    expect(rewriteSecrets).not.toHaveBeenCalled();
  });

  it("counts a bug that nobody caught", async () => {
    rewriteSecrets.mockRejectedValue(new TypeError("undefined is not a function"));
    await expect(handler({ keys: [www] })).rejects.toThrow("undefined is not a function");
    expect(bugsIn(lines)).toBe(1);
  });
});
