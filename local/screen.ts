import { styleText } from "node:util";
import type { StepTaken } from "./executions.ts";

/** What `npm start` shows; colours only on a terminal. */
export interface Screen {
  title(text: string): void;
  line(text: string): void;
  step(step: StepTaken, afterSeconds: number): void;
  ready(name: string, afterSeconds: number): void;
  report(name: string, afterSeconds: number, facts: [label: string, text: string][]): void;
  trouble(text: string): void;
}

/** Writes plain lines; `out` decides about colours. */
export function createScreen(out: NodeJS.WritableStream): Screen {
  const style = (format: Parameters<typeof styleText>[0], text: string) => styleText(format, text, { stream: out });
  const time = (seconds: number) => style("dim", `${seconds.toFixed(1).padStart(6)} s`);
  const line = (text: string) => void out.write(`${text}\n`);
  return {
    title: (text) => line(`\n${style("bold", text)}`),
    line: (text) => line(`  ${text}`),
    step({ name, seconds, certificates }, afterSeconds) {
      line(`  ${time(afterSeconds)}  ${name.padEnd(24)}${seconds.toFixed(2).padStart(6)} s  ${some(certificates)}`);
    },
    ready: (name, afterSeconds) => line(`  ${time(afterSeconds)}  ${style("green", "Ready")}  ${name}`),
    report(name, afterSeconds, facts) {
      line(`\n  ${style("bold", name)} was Ready after ${afterSeconds.toFixed(1)} s`);
      for (const [label, text] of facts) line(`    ${style("dim", label.padEnd(8))} ${text}`);
    },
    trouble: (text) => line(`  ${style("red", "trouble")} ${text}`),
  };
}

function some(names: string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
