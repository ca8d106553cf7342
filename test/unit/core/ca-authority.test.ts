import { describe, expect, it } from "vitest";
import { nextLook } from "../../../core/ca-authority.ts";

const hours = 3_600_000;
const now = Date.parse("2026-11-22T12:00:00Z");

describe("a ca issuer is looked at again", () => {
  it.each([
    ["in six hours", { soonFrom: 9, notAfter: 90 }, 6],
    ["when its end comes near", { soonFrom: 2, notAfter: 90 }, 2],
    ["when it ends", { soonFrom: -9, notAfter: 1 }, 1],
    ["in six hours after its end", { soonFrom: -9, notAfter: -1 }, 6],
  ])("%s", (_when, { soonFrom, notAfter }, expected) => {
    const ca = { fingerprint: "", soonFrom: now + soonFrom * hours, notAfter: now + notAfter * hours };
    expect(nextLook(ca, now)).toBe(now + expected * hours);
  });
});
