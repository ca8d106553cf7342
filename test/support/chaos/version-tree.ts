import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../../local/paths.ts";

/** Another release of certwright: a checkout of its own with a CDK app. */
export interface Release {
  /** What `cdk --app` takes. */
  app: string;
  remove(): void;
}

/** A text of one file in place of another; the text must be there exactly once. */
export interface Change {
  file: string;
  from: string;
  to: string;
}

const stateRows = "adapters/aws/state/rows.ts";

/** The field that the next release writes into every row of a Certificate and of an attempt. */
const newField = "release";

/** An ordinary next release: every bundle differs, rows have one field more, the machine has one state more. */
export const nextRelease: Change[] = [
  {
    file: stateRows,
    from: "version: row.version + 1,\n    ready: toStoredCondition(ready, row.generation),\n    issuing",
    to: `${newField}: "next",\n    version: row.version + 1,\n    ready: toStoredCondition(ready, row.generation),\n    issuing`,
  },
  { file: stateRows, from: "return { ...key, ...rest,", to: `return { ...key, ...rest, ${newField}: "next",` },
  {
    file: "state-machines/issue-certificates.asl.json",
    from: '"StartAt": "Prepare",\n  "States": {',
    to: '"StartAt": "Next release",\n  "States": {\n    "Next release": { "Type": "Pass", "Comment": "New in this release", "Next": "Prepare" },',
  },
];

/** A release after that, whose rows the releases before cannot read: it raises the schema of every row that it writes. */
export const releaseOfNewSchema: Change[] = [
  { file: "core/rows.ts", from: "export const rowSchema = 1;", to: "export const rowSchema = 2;" },
  {
    file: stateRows,
    from: "import { attemptRow,",
    to: 'import { rowSchema } from "../../../core/rows.ts";\nimport { attemptRow,',
  },
  {
    file: stateRows,
    from: "version: row.version + 1,\n    ready: toStoredCondition(ready, row.generation),\n    issuing",
    to: "schema: rowSchema,\n    version: row.version + 1,\n    ready: toStoredCondition(ready, row.generation),\n    issuing",
  },
  { file: stateRows, from: "return { ...key, ...rest,", to: "return { ...key, ...rest, schema: rowSchema," },
];

/** A copy of this checkout with these changes. */
export function releaseWith(changes: Change[]): Release {
  const folder = mkdtempSync(join(tmpdir(), "certwright-release-"));
  for (const part of ["adapters", "cdk", "core", "functions", "state-machines", "package.json", "tsconfig.json"]) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const { file, from, to } of changes) {
    const text = readFileSync(join(folder, file), "utf8");
    if (text.split(from).length !== 2) throw new Error(`${file} does not have this exactly once: ${from}`);
    writeFileSync(
      join(folder, file),
      text.replace(from, () => to),
    );
  }
  return {
    app: `tsx ${join(folder, "cdk", "app.ts")}`,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
