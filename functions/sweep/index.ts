import * as z from "zod/mini";
import { classOf } from "../../core/errors.ts";
import { idOf } from "../../core/resource.ts";
import { sweep } from "../../core/sweep.ts";
import { logMetrics } from "../runtime/log.ts";
import { handler as trigger } from "../runtime.ts";

/** Takes what is due, every minute and when an issuer became ready. */
export const handler = trigger("sweep", z.unknown(), async (deps) => {
  const { verdicts, ...report } = await sweep(deps);
  for (const { key, error } of verdicts) {
    if (error !== undefined) deps.log({ errorClass: classOf(error), certificate: idOf(key), error: String(error) });
  }
  logMetrics(deps.instance, deps.clock.now(), {
    OldestOverdueSeconds: { value: report.oldestOverdueSeconds, unit: "Seconds" },
    SmallestMarginPercent: { value: report.smallestMarginPercent, unit: "Percent" },
  });
  return report;
});
