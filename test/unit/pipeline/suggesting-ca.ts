import type { CertificateRow } from "../../../core/rows.ts";
import { openPipeline, type PipelineOptions } from "../../support/pipeline.ts";
import { certificateSpec } from "../../support/specs.ts";

export const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
export const start = new Date("2026-11-22T12:00:00Z");
/** How late the rare sweep of these tests may be. */
export const slack = 65 * minute;
export const everyMinute = { sweepSeconds: 60 };

type Suggest = (certId: string, now: number, asked: number) => { from: number; to: number; retryAfter?: number };

/** A pipeline with one certificate of 90 days whose CA suggests; times are epoch ms, `asked` counts the questions from 1. */
export async function openWorld(
  suggest: Suggest,
  options: PipelineOptions & { issuer?: Record<string, unknown> } = {},
) {
  const p = await openPipeline({ start, sweepSeconds: 1_700, ...options });
  let asked = 0;
  p.ca.knobs.suggest = (certId) => {
    asked += 1;
    const now = p.time.now().getTime();
    const { from, to, retryAfter, ...more } = suggest(certId, now, asked);
    const retryAt = retryAfter === undefined ? {} : { retryAt: new Date(now + retryAfter) };
    return { start: from, end: to, ...retryAt, ...more };
  };
  await p.issuer("ca", options.issuer);
  await p.apply("web/www", certificateSpec("www"));
  const pass = (ms: number) => p.time.runUntil(new Date(p.time.now().getTime() + ms));
  await pass(minute);
  const row = async () => (await p.row("web/www")) as CertificateRow;
  const first = (await row()).issued ?? { notBefore: 0, notAfter: 0, renewalTime: 0 };
  return {
    p,
    pass,
    row,
    first,
    asked: () => asked,
    events: async () => (await p.state.events({ namespace: "web", kind: "Certificate", name: "www" }, 50)).reverse(),
    /** Epoch ms of the renewal. */
    renewed: async () => {
      const before = (await row()).revision ?? 0;
      await p.time.runUntilTrue(async () => ((await row()).revision ?? 0) > before, 100 * day);
      return p.time.now().getTime();
    },
  };
}

/** Always the same window, in days from the start. */
export const inDays = (from: number, to: number) => () => ({
  from: start.getTime() + from * day,
  to: start.getTime() + to * day,
});
