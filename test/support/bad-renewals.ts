import type { BadSpec } from "./bad-objects.ts";

const order = "cron needs to follow: cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow";

/** Rules on `renewal`. */
export const badRenewals: BadSpec[] = [
  [
    "renewal.policy is a known one",
    { renewal: { policy: "Never" } },
    "spec.renewal.policy",
    'Unsupported value: "Never": supported values: "RenewBefore", "Disabled"',
  ],
  [
    "windows need renewals",
    { renewal: { policy: "Disabled", windows: [{ cron: "0 2 * * *", windowDuration: "2h" }] } },
    "spec.renewal.windows",
    "Forbidden: windows cannot be set when `renewal.policy` is set to Disabled",
  ],
  [
    "a window has a cron",
    { renewal: { windows: [{ windowDuration: "2h" }] } },
    "spec.renewal.windows[0].cron",
    "Required value: must be specified",
  ],
  [
    "a window has a duration",
    { renewal: { windows: [{ cron: "0 2 * * *" }] } },
    "spec.renewal.windows[0].windowDuration",
    "Required value: windowDuration must be specified and should be greater than 0",
  ],
  ...(
    [
      ["0s", 'Invalid value: "0s": windowDuration must be specified and should be greater than 0'],
      ["2d", 'Invalid value: "2d": time: unknown unit "d" in duration "2d"'],
      ["-2h", "Invalid value: \"-2h\": should match '^([0-9]+(\\.[0-9]+)?(s|m|h))+$'"],
      ["5ms", "Invalid value: \"5ms\": should match '^([0-9]+(\\.[0-9]+)?(s|m|h))+$'"],
    ] as const
  ).map(
    ([windowDuration, message]): BadSpec => [
      `a window does not last ${windowDuration}`,
      { renewal: { windows: [{ cron: "0 2 * * *", windowDuration }] } },
      "spec.renewal.windows[0].windowDuration",
      message,
    ],
  ),
  ...(
    [
      ["0 2 * *", "expected exactly 5 fields, found 4"],
      ["@daily", "expected exactly 5 fields, found 1"],
      ["0 0 2 * * *", "expected exactly 5 fields, found 6"],
      ["60 2 * * *", 'minute "60": is not within 0 to 59'],
      ["0 24 * * *", 'hour "24": is not within 0 to 23'],
      ["0 2 0 * *", 'day of month "0": is not within 1 to 31'],
      ["0 2 * 13 *", 'month "13": is not within 1 to 12'],
      ["0 2 * * 7", 'day of week "7": is not within 0 to 6'],
      ["0 2 * * fry", 'day of week "fry": is not a number or a name'],
      ["0 2 * * fri-mon", 'day of week "fri-mon": begins after its end'],
      ["*/0 2 * * *", 'minute "*/0": has a step that is not positive'],
      ["1/2/3 2 * * *", 'minute "1/2/3": has too many slashes or hyphens'],
      ["1-2-3 2 * * *", 'minute "1-2-3": has too many slashes or hyphens'],
      ["-5 2 * * *", 'minute "-5": is not a number or a name'],
    ] as const
  ).map(
    ([cron, problem]): BadSpec => [
      `a cron is not ${cron}`,
      { renewal: { windows: [{ cron, windowDuration: "2h" }] } },
      "spec.renewal.windows[0].cron",
      `Invalid value: "${cron}": invalid cron syntax: ${problem}. ${order}`,
    ],
  ),
  ...["Mars/Olympus", "+01:00", "../../etc/passwd"].map(
    (timezone): BadSpec => [
      `a time zone is not ${timezone}`,
      { renewal: { windows: [{ cron: "0 2 * * *", windowDuration: "2h", timezone }] } },
      "spec.renewal.windows[0].timezone",
      `Invalid value: "${timezone}": invalid value for timezone. timezone must be IANA compliant`,
    ],
  ),
];
