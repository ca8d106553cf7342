import { parseDuration } from "../core/duration.ts";
import { UsageError } from "./failure.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** A time span as kubectl prints ages: `45s`, `3m12s`, `5h`, `59d`. */
export function span(ms: number): string {
  const left = Math.max(0, Math.floor(ms / second) * second);
  if (left < 2 * minute) return `${left / second}s`;
  if (left < 10 * minute) return two(left, minute, "m", second, "s");
  if (left < 3 * hour) return `${Math.floor(left / minute)}m`;
  if (left < 8 * hour) return two(left, hour, "h", minute, "m");
  if (left < 2 * day) return `${Math.floor(left / hour)}h`;
  if (left < 8 * day) return two(left, day, "d", hour, "h");
  if (left < 2 * year) return `${Math.floor(left / day)}d`;
  return two(left, year, "y", day, "d");
}

/** How long something took: tenths of a second below a minute. */
export function took(ms: number): string {
  return ms < minute ? `${(Math.max(0, ms) / second).toFixed(1)}s` : span(ms);
}

/** `in 59d` or `3m12s ago`. */
export function fromNow(at: number, now: number): string {
  return at > now ? `in ${span(at - now)}` : `${span(now - at)} ago`;
}

/** Milliseconds of a Go duration such as `60s` or `1m30s`; a negative one means a week, as kubectl has it. Throws UsageError. */
export function parseTimeout(text: string): number {
  const parsed = parseDuration(text);
  if ("problem" in parsed) throw new UsageError(`--timeout: ${parsed.problem}; write 60s, 5m or 1m30s`);
  return parsed.seconds < 0 ? 7 * day : parsed.seconds * second;
}

/** Milliseconds of a Go duration of at least a second. Throws UsageError. */
export function parseInterval(text: string): number {
  const parsed = parseDuration(text);
  if ("problem" in parsed) throw new UsageError(`--interval: ${parsed.problem}; write 30s, 5m or 1m30s`);
  if (parsed.seconds < 1) throw new UsageError("--interval: at least 1s");
  return parsed.seconds * second;
}

function two(left: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((left % big) / small);
  return `${Math.floor(left / big)}${bigUnit}${rest ? `${rest}${smallUnit}` : ""}`;
}
