import { paint, type Style } from "./io.ts";

/** A cell, or a cell with a style; the style does not count for the width. */
export type Cell = string | { text: string; style: Style };

/** Lines of columns three spaces apart, as kubectl prints them; nothing is padded after the last column. */
export function table(header: string[], rows: Cell[][], look: { colour: boolean; indent?: string }): string {
  const lines: Cell[][] = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => textOf(line[column] ?? "").length)));
  return lines
    .map((line) => {
      const cells = header.map((_, column) => {
        const cell = line[column] ?? "";
        const gap = column === header.length - 1 ? "" : " ".repeat((widths[column] ?? 0) - textOf(cell).length);
        return paint(look.colour, styleOf(cell), textOf(cell)) + gap;
      });
      return `${look.indent ?? ""}${cells.join("   ").trimEnd()}`;
    })
    .join("\n");
}

/** `Name:   value` lines with the values under each other; undefined values are left out. */
export function fields(pairs: [string, string | undefined][], indent = ""): string {
  const shown = pairs.filter((pair): pair is [string, string] => pair[1] !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => name.length)) + 1;
  const hang = `\n${indent}${" ".repeat(width + 2)}`;
  return shown
    .map(([name, value]) => `${indent}${`${name}:`.padEnd(width)}  ${value.replaceAll("\n", hang)}`.trimEnd())
    .join("\n");
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

function styleOf(cell: Cell): Style | undefined {
  return typeof cell === "string" ? undefined : cell.style;
}
