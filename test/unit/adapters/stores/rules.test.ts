import { describe, expect, it } from "vitest";
import type { Found } from "../../../../adapters/stores/rules.ts";
import { needsTags, refuseForeign, tagsOf } from "../../../../adapters/stores/rules.ts";
import { writeOf } from "../../../support/secret-writes.ts";

const mine = tagsOf(writeOf("certwright/web/tls", {}));
const theirs = { ...mine, "certwright:owner": "web/Certificate/other" };

describe("refuseForeign", () => {
  it.each<[string, Partial<Found>, string | undefined]>([
    ["its own secret", { tags: mine }, undefined],
    ["another's that it has seen", { tags: theirs }, "v1"],
    ["another's that is about to be deleted", { tags: theirs, deleted: true }, undefined],
  ])("lets a Certificate write %s", (_sentence, found, replaces) => {
    const write = writeOf("certwright/web/tls", { replaces });
    expect(() => refuseForeign({ tags: {}, versionId: "v1", deleted: false, ...found }, write)).not.toThrow();
  });

  it.each<[string, Partial<Found>, string | undefined]>([
    ["another's that it has not seen", { tags: theirs }, undefined],
    ["another's of which it names an old version", { tags: theirs }, "v0"],
    ["another's without a version, when it names none", { tags: theirs, versionId: undefined }, undefined],
    ["one of another namespace", { tags: { ...theirs, "certwright:namespace": "shop" } }, "v1"],
    ["one without tags", { tags: {} }, "v1"],
    ["one that has our namespace but no owner", { tags: { "certwright:namespace": "web" } }, "v1"],
    ["a user's own that is about to be deleted", { tags: { "certwright:namespace": "web" }, deleted: true }, undefined],
  ])("refuses %s", (_sentence, found, replaces) => {
    const write = writeOf("certwright/web/tls", { replaces });
    expect(() => refuseForeign({ tags: {}, versionId: "v1", deleted: false, ...found }, write)).toThrow(
      expect.objectContaining({ reason: "SecretOwnedByAnother" }),
    );
  });
});

describe("needsTags", () => {
  it.each<[string, Record<string, string>, boolean]>([
    ["all of ours", mine, false],
    ["more than ours", { ...mine, team: "web" }, false],
    ["another owner", theirs, true],
    ["another issuer", { ...mine, "certwright:issuer": "web/Issuer/old" }, true],
    ["none", {}, true],
  ])("looks at a secret with %s", (_sentence, tags, needs) => {
    expect(needsTags(tags, writeOf("certwright/web/tls", {}))).toBe(needs);
  });
});
