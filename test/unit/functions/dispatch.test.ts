import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CertificateRow } from "../../../core/rows.ts";
import { bugsIn, environment, fakeDeps, logged } from "./fake-function.ts";

const openDeps = vi.hoisted(() => vi.fn());
vi.mock("../../../functions/runtime/deps.ts", () => ({ openDeps }));

let world: ReturnType<typeof fakeDeps>;
let lines: Record<string, unknown>[];
let errors: typeof import("../../../core/errors.ts");
let handler: (event: unknown) => Promise<unknown>;

beforeEach(async () => {
  world = fakeDeps();
  openDeps.mockReset().mockImplementation(() => world.deps);
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  vi.resetModules();
  ({ handler } = await import("../../../functions/dispatch/index.ts"));
  errors = await import("../../../core/errors.ts");
  lines = logged();
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** A record of the Requests stream as Lambda gets it; only its keys count. */
function record(resource: string, SequenceNumber: string, namespace = "web") {
  const Keys = { namespace: { S: namespace }, resource: { S: resource } };
  return {
    eventID: SequenceNumber,
    eventName: "MODIFY",
    dynamodb: { Keys, SequenceNumber, StreamViewType: "KEYS_ONLY" },
  };
}

const stream = (...records: ReturnType<typeof record>[]) => ({ Records: records });

/** A Certificate that waits for an issuer: the smallest decision that writes a row. */
function put(name: string): void {
  const spec = { secretName: `${name}-tls`, dnsNames: ["www.example.com"], issuerRef: { name: "le" } };
  world.requests.plant("web", `Certificate/${name}`, { apiVersion: "cert-manager.io/v1", metadata: undefined, spec });
}

const reasonOf = async (name: string) =>
  (await world.state.certificate({ namespace: "web", kind: "Certificate", name }))?.ready.reason;

/** State answers this to every write of that Certificate's row. */
function breakWritesOf(name: string, error: Error): void {
  const { putCertificate } = world.state;
  world.state.putCertificate = async (row: CertificateRow) => {
    if (row.key.name === name) throw error;
    return putCertificate(row);
  };
}

describe("records of the stream", () => {
  it("are decided on, each key", async () => {
    for (const name of ["a", "b"]) put(name);
    expect(await handler(stream(record("Certificate/a", "1"), record("Certificate/b", "2")))).toEqual({
      batchItemFailures: [],
    });
    expect([await reasonOf("a"), await reasonOf("b")]).toEqual(["IssuerNotFound", "IssuerNotFound"]);
  });

  it("of one key are one decision: a record is a hint", async () => {
    put("a");
    await handler(stream(...["1", "2", "3"].map((number) => record("Certificate/a", number))));
    const row = await world.state.certificate({ namespace: "web", kind: "Certificate", name: "a" });
    expect(row?.version).toBe(1);
    expect(lines.filter(({ certificate }) => certificate === "web/Certificate/a")).toHaveLength(1);
  });

  it("of an issuer are handed to check-issuer", async () => {
    await handler(stream(record("Issuer/le", "1"), record("ClusterIssuer/ca", "2", "_cluster")));
    expect(world.checked.sort()).toEqual(["ca", "le"]);
  });

  it.each([
    ["a kind that is none of ours", "Gateway/x"],
    ["no kind", "x"],
    ["no name", "Certificate/"],
    ["a key like our own rows", "Certificate/a#attempt#1"],
    ["nothing", ""],
  ])("with %s are passed over and do not come again", async (_what, resource) => {
    put("a");
    expect(await handler(stream(record(resource, "1"), record("Certificate/a", "2")))).toEqual({
      batchItemFailures: [],
    });
    expect(await reasonOf("a")).toBe("IssuerNotFound");
  });

  it.each(["Cluster/blue", "Bundle/corp"])("of %s go to sync-kubernetes, which decides", async (resource) => {
    expect(await handler(stream(record(resource, "1", "_cluster")))).toEqual({ batchItemFailures: [] });
    const [kind, name] = resource.split("/");
    expect(world.synced).toEqual([{ key: { namespace: "_cluster", kind, name } }]);
  });

  it("of an object that is gone are no error", async () => {
    expect(await handler(stream(record("Certificate/gone", "1")))).toEqual({ batchItemFailures: [] });
  });

  it("log one line for each decision, with its reason", async () => {
    put("a");
    await handler(stream(record("Certificate/a", "1")));
    expect(lines[0]).toEqual({ certificate: "web/Certificate/a", action: "wait", reason: "IssuerNotFound" });
  });
});

describe("a record that cannot be decided on", () => {
  beforeEach(() => {
    for (const name of ["a", "bad", "c"]) put(name);
    breakWritesOf("bad", new TypeError("no such thing"));
  });

  const batch = stream(
    record("Certificate/a", "1"),
    record("Certificate/bad", "2"),
    record("Certificate/c", "3"),
    record("Certificate/bad", "4"),
  );

  it("does not throw: only it comes again, by its sequence number", async () => {
    expect(await handler(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: "2" }, { itemIdentifier: "4" }] });
  });

  it("does not hurt its neighbours", async () => {
    await handler(batch);
    expect([await reasonOf("a"), await reasonOf("bad"), await reasonOf("c")]).toEqual([
      "IssuerNotFound",
      undefined,
      "IssuerNotFound",
    ]);
  });

  it("is counted as a bug, and logged with its certificate", async () => {
    await handler(batch);
    expect(bugsIn(lines)).toBe(1);
    expect(lines).toContainEqual(
      expect.objectContaining({ certificate: "web/Certificate/bad", action: "error", reason: "TypeError" }),
    );
  });
});

describe("a service that is away for one key", () => {
  it("has its record come again, but is no bug: the table of errors knows it", async () => {
    put("a");
    breakWritesOf("a", new errors.UnavailableError({ reason: "Throttled", message: "m" }));
    expect(await handler(stream(record("Certificate/a", "1")))).toEqual({
      batchItemFailures: [{ itemIdentifier: "1" }],
    });
    expect(bugsIn(lines)).toBe(0);
  });

  it("fails the whole call only when nothing could be read for anybody", async () => {
    put("a");
    world.state.certificates = async () => {
      throw new errors.UnavailableError({ reason: "Away", message: "m" });
    };
    await expect(handler(stream(record("Certificate/a", "1")))).rejects.toThrow(errors.UnavailableError);
  });
});

describe("keys that another function hands over", () => {
  it("are decided on like records, and nothing is to come again", async () => {
    put("a");
    const keys = [{ namespace: "web", kind: "Certificate", name: "a" }];
    expect(await handler({ keys })).toEqual({ batchItemFailures: [] });
    expect(await reasonOf("a")).toBe("IssuerNotFound");
  });

  it.each([{}, { keys: [{ namespace: "web", kind: "Secret", name: "a" }] }, { Records: [{}] }, null])(
    "are refused when they are none: %j",
    async (event) => {
      await expect(handler(event)).rejects.toThrow();
    },
  );
});
