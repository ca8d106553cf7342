import { styleText } from "node:util";

/** Where a verb writes and what it may read; tests pass their own. */
export interface Io {
  /** One line or block for stdout; the newline is added. */
  out(text: string): void;
  /** The same for stderr. */
  err(text: string): void;
  readStdin(): Promise<string>;
  /** Whether each stream takes colours. */
  colour: { out: boolean; err: boolean };
  /** Rewrites one line of a terminal's stderr; undefined when stderr is no terminal. */
  progress?: (text: string) => void;
}

export type Style = "red" | "green" | "yellow" | "bold" | "dim";

/** The text in a style, or as it is when colours are off. */
export function paint(on: boolean, style: Style | undefined, text: string): string {
  return on && style ? styleText(style, text, { validateStream: false }) : text;
}

/** Colours need a terminal that is not dumb, and no NO_COLOR (no-color.org: any value but the empty one). */
export function takesColour(isTerminal: boolean, env: Record<string, string | undefined>): boolean {
  return isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
}
