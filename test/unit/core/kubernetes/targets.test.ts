import { describe, expect, it } from "vitest";
import { kubernetesNamespace, type LabelSelector } from "../../../../core/kubernetes/cluster.ts";
import { belongs, selectorMatches, selectorText } from "../../../../core/kubernetes/targets.ts";
import type { StoredRequest } from "../../../../core/ports.ts";
import { parseCertificate, parseCluster } from "../../../../core/request.ts";
import { specHash } from "../../../../core/spec-hash.ts";
import { goodCertificate, goodCluster } from "../../../support/good-objects.ts";
import { specOf } from "./spec-of.ts";

describe("targets of a Certificate", () => {
  const targetsOf = (object: StoredRequest) => specOf(parseCertificate(object)).options.targets;
  const annotated = (text: string) => goodCertificate({}, { annotations: { "certwright.dev/targets": text } });
  const ours = (targets: unknown) => ({ ...goodCertificate({ targets }), apiVersion: "certwright.dev/v1" });

  it.each([
    ["the annotation", annotated("prod-eu,prod-us"), ["prod-eu", "prod-us"]],
    [
      "the annotation, with spaces and a repeated name",
      annotated(" prod-eu , prod-us,prod-eu"),
      ["prod-eu", "prod-us"],
    ],
    ["an empty annotation: none", annotated(""), []],
    [
      "the field",
      ours([{ cluster: "prod-eu" }, { cluster: "prod-us" }, { cluster: "prod-eu" }]),
      ["prod-eu", "prod-us"],
    ],
    ["an empty field: none", ours([]), []],
    ["nothing: the selectors decide", goodCertificate(), undefined],
    ["null: nothing", ours(null), undefined],
    ["the field without apiVersion", { ...ours([{ cluster: "a" }]), apiVersion: undefined }, ["a"]],
  ])("are said by %s", (_, object, targets) => {
    expect(targetsOf(object)).toEqual(targets);
  });

  it("are part of the hash", () => {
    const hashes = [ours([]), ours([{ cluster: "a" }]), ours(undefined), annotated(""), annotated("a")].map((one) =>
      specHash(one),
    );
    expect(new Set(hashes).size).toBe(5);
  });
});

describe("where a Certificate belongs", () => {
  const labels = { team: "web", tier: "a" };
  const cluster = (spec: object) => ({ name: "prod-eu", spec: specOf(parseCluster(goodCluster({ ...spec }))) });
  const sent = ["prod-us", "prod-eu"];
  const all = { selector: {} };
  const byTeam = { selector: { matchLabels: { team: "web" } } };

  it.each<
    [rule: string, spec: object, certificate: { namespace?: string; targets?: string[] }, namespace: string | undefined]
  >([
    ["without selector and targets nothing comes", {}, {}, undefined],
    ["an empty selector takes all", all, {}, "web"],
    ["a selector takes what has its labels", byTeam, {}, "web"],
    ["a selector leaves what has others", { selector: { matchLabels: { team: "mail" } } }, {}, undefined],
    ["a selector takes from its namespaces", { selector: { namespaces: ["web"] } }, {}, "web"],
    ["a selector leaves other namespaces", { selector: { namespaces: ["mail"] } }, {}, undefined],
    ["namespaces and labels must both fit", { selector: { ...byTeam.selector, namespaces: ["mail"] } }, {}, undefined],
    ["an empty list of namespaces takes none", { selector: { namespaces: [] } }, {}, undefined],
    ["targets that name the cluster send it", {}, { targets: sent }, "web"],
    ["targets that name others keep it away, whatever the selector", all, { targets: ["prod-us"] }, undefined],
    ["no targets at all keep it away", all, { targets: [] }, undefined],
    ["a target must be the whole name", all, { targets: ["prod"] }, undefined],
    ["an allowed namespace comes", { ...all, allowedNamespaces: ["mail", "web"] }, {}, "web"],
    [
      "a namespace that is not allowed is left, silently when selected",
      { ...all, allowedNamespaces: ["mail"] },
      {},
      undefined,
    ],
    ["an empty fence lets nobody in", { ...all, allowedNamespaces: [] }, {}, undefined],
    ["a mapped namespace comes under another name", { ...all, namespaceMap: { web: "frontend" } }, {}, "frontend"],
    ["others go where * says", { ...all, namespaceMap: { mail: "post", "*": "shared" } }, {}, "shared"],
    ["others keep their names without *", { ...all, namespaceMap: { mail: "post" } }, {}, "web"],
    ["a namespace mapped to nothing stays out", { ...all, namespaceMap: { web: "" } }, {}, undefined],
    [
      "a map of nothing for all others keeps them out",
      { ...all, namespaceMap: { mail: "post", "*": "" } },
      {},
      undefined,
    ],
    ["what is mapped comes beside it", { ...all, namespaceMap: { web: "frontend", "*": "" } }, {}, "frontend"],
    ["the map applies to what is sent", { namespaceMap: { "*": "shared" } }, { targets: sent }, "shared"],
    [
      "a namespace called like a property of every object is one like others",
      all,
      { namespace: "constructor" },
      "constructor",
    ],
  ])("%s", (_, spec, certificate, namespace) => {
    const answer = belongs(cluster(spec), { namespace: "web", labels, ...certificate });
    expect(answer).toEqual(namespace === undefined ? { wanted: false } : { wanted: true, namespace });
  });

  it.each([
    ["its namespace is not allowed", { allowedNamespaces: ["mail"] }, /lets no Certificates of the namespace web in/],
    ["its namespace is mapped to nothing", { namespaceMap: { web: "" } }, /namespaceMap of Cluster prod-eu keeps/],
  ])("is told to who sent it when %s", (_, spec, message) => {
    const answer = belongs(cluster({ ...all, ...spec }), { namespace: "web", labels, targets: sent });
    expect(answer).toEqual({
      wanted: false,
      refused: {
        reason: "NamespaceNotAllowed",
        message: expect.stringMatching(message),
        fix: expect.stringMatching(/^[a-z].*web.*[^.]$/),
      },
    });
    expect(belongs(cluster({ ...all, ...spec }), { namespace: "web", labels })).toEqual({ wanted: false });
  });

  it("is what kubernetesNamespace says of the namespace", () => {
    expect(kubernetesNamespace(cluster({ namespaceMap: { "*": "" } }).spec, "toString")).toBeUndefined();
  });
});

type Expressions = LabelSelector["matchExpressions"];

describe("a label selector", () => {
  const labels = { team: "web", tier: "a", empty: "" };

  it.each<[text: string, matchLabels: Record<string, string>, matchExpressions: Expressions, matches: boolean]>([
    ["", {}, [], true],
    ["team=web", { team: "web" }, [], true],
    ["team=web,tier=b", { team: "web", tier: "b" }, [], false],
    ["empty=", { empty: "" }, [], true],
    ["missing=", { missing: "" }, [], false],
    ["constructor=", { constructor: "" } as unknown as Record<string, string>, [], false],
    ["tier in (a,b)", {}, [{ key: "tier", operator: "In", values: ["a", "b"] }], true],
    ["tier in (b)", {}, [{ key: "tier", operator: "In", values: ["b"] }], false],
    ["missing in (a)", {}, [{ key: "missing", operator: "In", values: ["a"] }], false],
    ["tier notin (a,b)", {}, [{ key: "tier", operator: "NotIn", values: ["a", "b"] }], false],
    ["tier notin (b)", {}, [{ key: "tier", operator: "NotIn", values: ["b"] }], true],
    ["missing notin (a)", {}, [{ key: "missing", operator: "NotIn", values: ["a"] }], true],
    ["empty", {}, [{ key: "empty", operator: "Exists", values: [] }], true],
    ["missing", {}, [{ key: "missing", operator: "Exists", values: [] }], false],
    ["!missing", {}, [{ key: "missing", operator: "DoesNotExist", values: [] }], true],
    ["!team", {}, [{ key: "team", operator: "DoesNotExist", values: [] }], false],
    [
      "team=web,example.com/x notin (1),tier",
      { team: "web" },
      [
        { key: "example.com/x", operator: "NotIn", values: ["1"] },
        { key: "tier", operator: "Exists", values: [] },
      ],
      true,
    ],
  ])("%j", (text, matchLabels, matchExpressions, matches) => {
    expect(selectorText({ matchLabels, matchExpressions })).toBe(text);
    expect(selectorMatches({ matchLabels, matchExpressions }, labels)).toBe(matches);
  });
});
