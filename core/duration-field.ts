import { parseDuration, printDuration } from "./duration.ts";
import { invalidValue, quote } from "./field-fault.ts";
import type { Fields } from "./field-reader.ts";

/** Reads a Go duration: seconds. */
export function readDuration(fields: Fields, field: string): number | undefined {
  const text = fields.text(field);
  if (text === undefined) return undefined;
  const read = parseDuration(text);
  if ("seconds" in read) return read.seconds;
  const fix = "write hours, minutes and seconds, such as 2160h or 1h30m; there are no days";
  fields.fault(field, invalidValue(quote(text), read.problem), fix);
  return undefined;
}

/** The same with a default and a least value; `shortest` is how the fix writes the latter. */
export function readDurationFrom(
  fields: Fields,
  field: string,
  { standard, least, shortest }: { standard: number; least: number; shortest: string },
): number {
  const seconds = readDuration(fields, field) ?? standard;
  if (seconds < least) {
    const message = invalidValue(printDuration(seconds), `must be at least ${printDuration(least)}`);
    fields.fault(field, message, `write at least ${shortest}`);
  }
  return seconds;
}
