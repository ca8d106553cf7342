import { backlog } from "./watch.ts";
import type { World } from "./world.ts";

/** What was seen while a fleet ran. */
export interface Rhythm {
  /** The most that was due at one look. */
  peakBacklog(): number;
  /** The least life that a certificate had left when it was due at a look, as a share. */
  smallestMargin(): number;
  stop(): void;
}

const minuteMs = 60_000;
const resyncMs = 6 * 3_600_000;
const lookMs = 10 * minuteMs;

/** The sweep every minute and the resync every six hours, as EventBridge calls them, and a look at the backlog now and then. */
export function keepRhythm(world: World): Rhythm {
  const { clock, invoke } = world;
  const seen = { peak: 0, margin: 1, running: true };
  const every = (ms: number, run: () => unknown) =>
    clock.spawn(async () => {
      for (await clock.sleep(ms); seen.running; await clock.sleep(ms)) run();
    });
  every(minuteMs, () => invoke("sweep", {}));
  every(resyncMs, () => invoke("resync", {}));
  every(lookMs, () => {
    const { due, smallestMargin } = backlog(world);
    seen.peak = Math.max(seen.peak, due);
    seen.margin = Math.min(seen.margin, smallestMargin);
  });
  return {
    peakBacklog: () => seen.peak,
    smallestMargin: () => seen.margin,
    stop: () => {
      seen.running = false;
    },
  };
}
