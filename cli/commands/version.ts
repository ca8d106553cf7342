import { readFileSync } from "node:fs";
import { UsageError } from "../failure.ts";
import type { Verb } from "../verb.ts";

/** Prints the version of this command line; asks no installation. */
export const version: Verb = {
  name: "version",
  summary: "Print the version of this command line",
  usage: ["version"],
  notes: [],
  options: [],
  examples: [["Which version is this?", "certwright version"]],
  run: async ({ args, io }) => {
    if (args.length > 0) throw new UsageError("version takes no arguments");
    const { name, version: number } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    io.out(`${name} ${number}`);
    return 0;
  },
};
