const nanosecondsOf = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["\u00b5s", 1_000n],
  ["\u03bcs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);
const second = 1_000_000_000n;
/** Go keeps a duration in 63 bits of nanoseconds. */
const longest = 2n ** 63n - 1n;
const longestText = 100;

/** Reads a duration as Go's time.ParseDuration does (`2160h`, `1h30m`, `-1.5h`): seconds, or Go's own words about what is wrong. */
export function parseDuration(text: string): { seconds: number } | { problem: string } {
  const shown = JSON.stringify(text.slice(0, longestText));
  const invalid = { problem: `time: invalid duration ${shown}` };
  const unsigned = text.replace(/^[+-]/, "");
  if (unsigned === "0") return { seconds: 0 };
  const parts = [...unsigned.matchAll(/(\d*)(?:\.(\d*))?([^\d.]*)/g)].filter(([part]) => part !== "");
  if (parts.length === 0 || text.length > longestText) return invalid;
  let total = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of parts) {
    if (whole === "" && fraction === "") return invalid;
    if (unit === "") return { problem: `time: missing unit in duration ${shown}` };
    const size = nanosecondsOf.get(unit);
    if (size === undefined) return { problem: `time: unknown unit ${JSON.stringify(unit)} in duration ${shown}` };
    total += BigInt(whole) * size + (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
  }
  if (total > longest) return invalid;
  const seconds = Number(`${total / second}.${(total % second).toString().padStart(9, "0")}`);
  return { seconds: text.startsWith("-") ? 0 - seconds : seconds };
}

/** Prints seconds as Go's Duration.String does: `2160h0m0s`, `1m30s`, `1.5s`, `5ms`; whole nanoseconds. */
export function printDuration(seconds: number): string {
  const size = Math.abs(seconds);
  const whole = Math.trunc(size);
  const nanoseconds = BigInt(whole) * second + BigInt(Math.round((size - whole) * Number(second)));
  const sign = seconds < 0 && nanoseconds > 0n ? "-" : "";
  return sign + (nanoseconds > 0n && nanoseconds < second ? printFraction(nanoseconds) : printClock(nanoseconds));
}

function printClock(nanoseconds: bigint): string {
  const minutes = nanoseconds / (60n * second);
  const rest = `${decimal(nanoseconds % (60n * second), 9)}s`;
  if (minutes === 0n) return rest;
  return minutes < 60n ? `${minutes}m${rest}` : `${minutes / 60n}h${minutes % 60n}m${rest}`;
}

function printFraction(nanoseconds: bigint): string {
  if (nanoseconds < 1_000n) return `${nanoseconds}ns`;
  return nanoseconds < 1_000_000n ? `${decimal(nanoseconds, 3)}\u00b5s` : `${decimal(nanoseconds, 6)}ms`;
}

/** Moves the decimal point left and drops zeros at the end. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, "0");
  const fraction = digits.slice(-places).replace(/0+$/, "");
  return digits.slice(0, -places) + (fraction === "" ? "" : `.${fraction}`);
}
