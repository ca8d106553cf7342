import { describe, expect, it } from "vitest";
import { UnavailableError } from "../../../../../core/errors.ts";
import type { KubernetesObject } from "../../../../../core/kubernetes/port.ts";
import type { FakeKubernetes } from "../../../../support/fake-kubernetes.ts";
import { certificateKey, type MirrorBed, openMirrorBed, secretRef, textIn } from "../../../../support/mirror-bed.ts";

const ref = secretRef("web/www-tls");
const base64 = (text: string) => Buffer.from(text).toString("base64");

interface Trouble {
  title: string;
  reason: string;
  /** What the message must name. */
  says: string[];
  make(cluster: FakeKubernetes, bed: MirrorBed): unknown;
  cure(cluster: FakeKubernetes, bed: MirrorBed): unknown;
}

function denied(verb: "get" | "patch" | "create"): Trouble {
  let allow = () => {};
  return {
    title: `no right to ${verb}`,
    reason: "KubernetesForbidden",
    says: [verb, "secrets", '"web"', "certwright kubernetes rbac prod"],
    make: (cluster) => {
      allow = cluster.deny({ verb, kind: "Secret" });
    },
    cure: () => allow(),
  };
}

const troubles: Trouble[] = [
  denied("get"),
  denied("patch"),
  denied("create"),
  {
    title: "no such namespace",
    reason: "NamespaceNotFound",
    says: ['"web"'],
    make: (cluster) => cluster.removeNamespace("web"),
    cure: (cluster) => cluster.addNamespace("web"),
  },
  {
    title: "a namespace that is being deleted",
    reason: "NamespaceTerminating",
    says: ['"web"'],
    make: (cluster) => cluster.terminateNamespace("web"),
    cure: (cluster) => {
      cluster.removeNamespace("web");
      cluster.addNamespace("web");
    },
  },
  {
    title: "a quota",
    reason: "QuotaExceeded",
    says: ["quota"],
    make: (cluster) => cluster.quota("web", "Secret", 0),
    cure: (cluster) => cluster.quota("web", "Secret", undefined),
  },
  {
    title: "a blank stored secret",
    reason: "NotReadable",
    says: ["web/www-tls"],
    make: (_cluster, bed) => plant(bed, { "tls.crt": "", "tls.key": "" }),
    cure: (_cluster, bed) => unplant(bed),
  },
  {
    title: "a stored secret that is gone",
    reason: "NotReadable",
    says: ["web/www-tls"],
    make: (_cluster, bed) => plant(bed, undefined),
    cure: (_cluster, bed) => unplant(bed),
  },
  {
    title: "an admission webhook that is down",
    reason: "ApiserverFailed",
    says: ["500"],
    make: (cluster) => {
      cluster.onCall = ({ verb }) => {
        if (verb === "apply") throw webhookDown();
      };
    },
    cure: (cluster) => {
      cluster.onCall = undefined;
    },
  },
];

let kept: { value: string; id: string } | undefined;

function plant({ store }: MirrorBed, value: object | undefined): void {
  const secret = store.secrets.get("certwright/web/www-tls");
  kept = secret?.versions.pop();
  if (value) secret?.versions.push({ id: "planted", value: JSON.stringify(value) });
}

function unplant({ store }: MirrorBed): void {
  const secret = store.secrets.get("certwright/web/www-tls");
  secret?.versions.splice(0, secret.versions.length, kept as never);
}

/** Something happens while the worker waits for the first time. */
function whilePausing(bed: MirrorBed, happens: () => Promise<unknown>): void {
  const { pause } = bed.deps;
  bed.deps.pause = async (ms) => {
    bed.deps.pause = pause;
    await happens();
    await pause(ms);
  };
}

function webhookDown(): Error {
  const message = "The apiserver prod.k8s.test answered 500: failed calling webhook";
  return new UnavailableError({ reason: "ClusterUnreachable", message });
}

describe("what keeps a Secret from being written", () => {
  it.each(troubles)("$title: a condition with reason and next try, then it recovers", async (trouble) => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.issue({ id: "web/other", secretName: "other" });
    await bed.tell("web/other");
    const leaf = await bed.issue({ id: "web/www" });
    await trouble.make(cluster, bed);
    await bed.tell("web/www");
    const [target] = await bed.state.targetsOf({ namespace: "web", name: "www" });
    expect(target?.synced).toMatchObject({ type: "Synced", status: "False", reason: trouble.reason });
    for (const word of trouble.says) expect(target?.synced.message).toContain(word);
    expect(target?.nextTryAt).toBe(bed.clock.now().getTime() + 60_000);
    expect(await bed.row("prod")).toMatchObject({
      ready: { status: "True", message: `the apiserver answers; 1 Secret is not in sync: ${trouble.reason} (1)` },
      lastError: { reason: trouble.reason },
    });
    await trouble.cure(cluster, bed);
    await bed.sweep(2);
    expect(textIn(bed.secret("prod", "web/www-tls"), "tls.crt")).toBe(leaf.certPem);
    expect(await bed.synced("prod", "web/www")).toBe("Synced");
    expect((await bed.state.targetsOf({ namespace: "web", name: "www" }))[0]?.nextTryAt).toBeUndefined();
    expect((await bed.row("prod"))?.lastError).toBeUndefined();
    expect(await bed.events("web/www")).toEqual(["Synced", trouble.reason]);
  });

  it("is tried after 1, 2, 5, 10 and then every 30 minutes", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", {}, []);
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    const tried: number[] = [];
    const from = bed.clock.now().getTime();
    cluster.onCall = ({ verb }) => {
      if (verb === "apply") tried.push(Math.round((bed.clock.now().getTime() - from) / 60_000));
    };
    await bed.sweep(120);
    expect(tried).toEqual([1, 3, 8, 18, 48, 78, 108]);
  });

  it("waits for a few seconds when the fact was faster than the status", async () => {
    const bed = openMirrorBed();
    await bed.addCluster("prod");
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    bed.clock.advance(60_000);
    const before = await bed.state.certificate(certificateKey("web/www"));
    const newer = await bed.issue({ id: "web/www" });
    const after = await bed.state.certificate(certificateKey("web/www"));
    if (!before || !after) throw new Error("no row");
    await bed.state.putCertificate({ ...before, version: after.version });
    whilePausing(bed, () => bed.state.putCertificate({ ...after, version: after.version + 1 }));
    await bed.tell("web/www");
    expect(textIn(bed.secret("prod", "web/www-tls"), "tls.crt")).toBe(newer.certPem);
  });

  it("waits for the status of a first certificate, too, at last by the sweep", async () => {
    for (const minutes of [0, 1]) {
      const bed = openMirrorBed();
      await bed.addCluster("prod");
      const leaf = await bed.issue({ id: "web/www" });
      const after = await bed.state.certificate(certificateKey("web/www"));
      if (!after) throw new Error("no row");
      const { issued: _, revision: __, ...before } = after;
      const attempt = { id: "attempt", leaseId: "lease" };
      await bed.state.putCertificate({ ...before, attempt });
      const finish = () => bed.state.putCertificate({ ...after, version: after.version + 1 });
      if (minutes === 0) whilePausing(bed, finish);
      await bed.tell("web/www");
      if (minutes > 0) expect(bed.secret("prod", "web/www-tls")).toBeUndefined();
      if (minutes > 0) await finish();
      await bed.sweep(minutes);
      expect(textIn(bed.secret("prod", "web/www-tls"), "tls.crt")).toBe(leaf.certPem);
    }
  });

  it("is over 1 MiB only with what others put there", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    cluster.edit(ref, { data: { own: base64("x".repeat(1024 * 1024 - 3_000)) } });
    bed.clock.advance(60_000);
    await bed.issue({ id: "web/www", annotations: { n: "2" } });
    await bed.tell("web/www");
    expect(await bed.synced("prod", "web/www")).toBe("Synced");
    cluster.edit(ref, {
      data: { own: null, more: base64("x".repeat(1024 * 1024 - 10)), "tls.crt": "", "tls.key": "" },
    });
    bed.clock.advance(60_000);
    await bed.issue({ id: "web/www" });
    cluster.calls.length = 0;
    await bed.tell("web/www");
    expect(await bed.synced("prod", "web/www")).toBe("SecretTooLarge");
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(["get"]);
  });

  it("says when the cluster changes what is written", async () => {
    const bed = openMirrorBed();
    await bed.addCluster("prod");
    const { kubernetes } = bed.cluster("prod");
    bed.open.kubernetes = async () => ({
      ...kubernetes,
      apply: async (object, how) => {
        const answer = await kubernetes.apply(object, how);
        return { ...answer, data: { ...(answer.data as object), "tls.crt": "" } } as KubernetesObject;
      },
    });
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    expect(await bed.synced("prod", "web/www")).toBe("SecretAltered");
    expect((await bed.mirror("prod", "web/www"))?.synced?.message).toContain("data.tls.crt");
  });
});

describe("a hundred that fail alike", () => {
  it("are told once each, and tried within the budget", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { requestsPerSecond: 100 });
    const ids = Array.from({ length: 100 }, (_, index) => `web/c${index}`);
    for (const id of ids) await bed.issue({ id });
    await bed.tell(...ids);
    const allow = cluster.deny({ verb: "get", kind: "Secret" });
    await bed.sweep(70);
    const events = (await Promise.all(ids.map((id) => bed.events(id)))).flat();
    expect(events.filter((reason) => reason === "KubernetesForbidden")).toHaveLength(100);
    expect((await bed.state.events({ namespace: "_cluster", kind: "Cluster", name: "prod" }, 100)).length).toBe(1);
    expect((await bed.row("prod"))?.ready.message).toContain("100 Secrets are not in sync: KubernetesForbidden (100)");
    allow();
    await bed.sweep(40);
    expect(await bed.row("prod")).toMatchObject({ inSync: 100 });
  });
});
