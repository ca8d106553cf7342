import { deathHeader } from "../../local/exchange.ts";

/**
 * The environment that makes a Lambda worker die at once, as if it had run out of memory, when an answer tells it to: the
 * proxy's `kill` (local/faults.ts). The emulator hands it on to its workers; no bundle of the product knows of it.
 */
export function deathSwitch(): Record<string, string> {
  const source = `
    import { subscribe } from "node:diagnostics_channel";
    subscribe("http.client.response.finish", ({ response }) => {
      if (response.headers["${deathHeader.name}"] === "${deathHeader.value}") process.kill(process.pid, "SIGKILL");
    });`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}` };
}
