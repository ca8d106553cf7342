/** The instant a Retry-After header names, seconds or HTTP date (RFC 9110 10.2.3); at most 7 days ahead. */
export function parseRetryAfter(header: string | undefined, now: Date): Date | undefined {
  const text = header?.trim() ?? "";
  const at = /^\d{1,10}$/.test(text) ? now.getTime() + Number(text) * 1000 : parseHttpDate(text);
  if (Number.isNaN(at)) return undefined;
  return new Date(Math.min(Math.max(at, now.getTime()), now.getTime() + maxAheadMs));
}

const maxAheadMs = 7 * 24 * 3_600_000;

/** Date.parse alone would take "-5" for a year. */
function parseHttpDate(text: string): number {
  return /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
}
