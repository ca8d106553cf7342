import { type Cron, namesDay, parseCron } from "./cron.ts";
import { type ZoneClock, zoneClock } from "./zone-clock.ts";

/** When renewals may begin, as `spec.renewal.windows` has it. */
export interface RenewalWindow {
  /** Five fields: minute, hour, day of month, month, day of week. */
  cron: string;
  durationSeconds: number;
  /** An IANA name. */
  timezone: string;
}

const dayMs = 86_400_000;

/**
 * The first instant (epoch ms) from `desired` on that lies in one of the windows, its end excluded, and before `until`; undefined
 * when there is none. `desired` itself when a window is open then, else the start of the next one. A start that the clock skips in
 * spring does not happen, and one that it shows twice in autumn happens twice: as in cert-manager.
 */
export function firstInWindow(windows: RenewalWindow[], desired: number, until: number): number | undefined {
  const candidates = windows.flatMap(({ cron, durationSeconds, timezone }) => {
    const parsed = parseCron(cron);
    const clock = zoneClock(timezone);
    if (!("cron" in parsed) || !clock) return [];
    const start = firstStart(parsed.cron, clock, desired - durationSeconds * 1_000, until);
    return start === undefined ? [] : [Math.max(start, desired)];
  });
  const first = Math.min(...candidates);
  return first < until ? first : undefined;
}

/** The first start after an instant, before another. */
function firstStart(cron: Cron, clock: ZoneClock, after: number, before: number): number | undefined {
  // From the day before: no zone is a day off.
  for (let day = Math.floor(after / dayMs) * dayMs - dayMs; day < before + dayMs; day += dayMs) {
    const date = new Date(day);
    if (!namesDay(cron, date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())) continue;
    const first = Math.min(...startsOf(cron, clock, day).filter((start) => start > after));
    if (first < before) return first;
  }
  return undefined;
}

/** The instants of one day's starts; `day` is its midnight as if the zone were UTC. */
function startsOf({ hours, minutes }: Cron, clock: ZoneClock, day: number): number[] {
  const offsets = [...new Set([clock.offset(day - dayMs), clock.offset(day + 2 * dayMs)])];
  const walls = hours.flatMap((hour) => minutes.map((minute) => day + (hour * 60 + minute) * 60_000));
  return walls.flatMap((wall) => {
    const instants = offsets.map((offset) => wall - offset);
    // Where the clock changes, a time of day has no instant, one or two.
    return offsets.length === 1 ? instants : instants.filter((instant) => instant + clock.offset(instant) === wall);
  });
}
