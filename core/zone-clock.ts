/** The clocks of one time zone. */
export interface ZoneClock {
  /** Milliseconds that local time is ahead of UTC at an instant (epoch ms). */
  offset(at: number): number;
}

/** Clocks of an IANA time zone by the runtime's own database; undefined when there is no such zone (`+01:00` is none). */
export function zoneClock(timezone: string): ZoneClock | undefined {
  const format = formatOf(timezone);
  return format && { offset: (at) => localTime(format, at) - Math.floor(at / 1_000) * 1_000 };
}

function formatOf(timezone: string): Intl.DateTimeFormat | undefined {
  if (!/^[A-Za-z]/.test(timezone)) return undefined;
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return undefined;
  }
}

/** What the clock shows, read as if it were UTC. */
function localTime(format: Intl.DateTimeFormat, at: number): number {
  const shown = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes) => shown.get(type) ?? 0;
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
}
