import fc from "fast-check";
import { expect, it } from "vitest";
import { parseRetryAfter } from "../../../../../adapters/issuers/acme/retry-after.ts";

const now = new Date("2026-11-22T10:00:00Z");
const week = 7 * 86_400_000;

it.each([
  ["0", 0],
  [" 90 ", 90_000],
  ["Sun, 22 Nov 2026 10:00:30 GMT", 30_000],
  ["Sun Nov 22 10:00:30 2026 GMT", 30_000],
  ["99999999999999999999", undefined],
  ["-5", undefined],
  ["", undefined],
  ["tomorrow", undefined],
  [undefined, undefined],
])("reads %j as %j milliseconds from now", (header, ahead) => {
  expect(parseRetryAfter(header, now)?.getTime()).toBe(ahead === undefined ? undefined : now.getTime() + ahead);
});

it("never names an instant before now or more than a week ahead", () => {
  const header = fc.oneof(
    fc.string(),
    fc.nat().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  );
  fc.assert(
    fc.property(header, (text) => {
      const ahead = (parseRetryAfter(text, now)?.getTime() ?? now.getTime()) - now.getTime();
      return ahead >= 0 && ahead <= week;
    }),
  );
});
