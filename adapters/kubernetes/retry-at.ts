/** The instant that a Retry-After header names (RFC 9110 10.2.3): within an hour, and a second when it names none. */
export function retryAtOf(header: string | undefined, now: Date): Date {
  const text = header?.trim() ?? "";
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now.getTime();
  return new Date(now.getTime() + Math.min(Math.max(Number.isNaN(ms) ? 0 : ms, 1000), 3_600_000));
}
