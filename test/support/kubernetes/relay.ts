import type { Socket } from "node:net";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { portOf } from "../../../local/ports.ts";

/** A way to an apiserver that can be made slow or cut, without disturbing others who use it. */
export interface Relay {
  /** Stands in for the cluster's own URL: the certificate is for any port of 127.0.0.1. */
  server: string;
  /** How much later every piece of an answer comes. */
  slow(delayMs: number): void;
  /** Breaks all connections and takes no more. */
  cut(): void;
  /** Takes them again. */
  mend(): void;
  close(): Promise<void>;
}

/** Relays to that URL, at full speed at first. */
export async function relayTo(server: string): Promise<Relay> {
  const { hostname, port } = new URL(server);
  const open = new Set<Socket>();
  let [delayMs, isCut] = [0, false];
  const listening = createServer((near) => {
    const far = connect(Number(port), hostname);
    open.add(near).add(far);
    near.on("error", () => far.destroy()).on("close", () => [open.delete(near), far.destroy()]);
    far.on("error", () => near.destroy());
    if (isCut) near.destroy();
    near.on("data", (piece) => far.write(piece));
    // Each piece as much later as it came, and the end after the last of them.
    let queue = Promise.resolve();
    const later = (answer: () => void) => {
      const at = sleep(delayMs);
      queue = queue.then(() => at).then(answer);
    };
    far.on("data", (piece) => later(() => near.write(piece)));
    far.on("close", () => [open.delete(far), later(() => near.destroySoon())]);
  });
  await new Promise<void>((ready) => listening.listen(0, "127.0.0.1", ready));
  const breakAll = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    server: `https://127.0.0.1:${portOf(listening)}`,
    slow: (ms) => {
      delayMs = ms;
    },
    cut: () => {
      isCut = true;
      breakAll();
    },
    mend: () => {
      isCut = false;
    },
    close: () =>
      new Promise((closed) => {
        listening.close(() => closed());
        breakAll();
      }),
  };
}
