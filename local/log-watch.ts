import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/**
 * Reads what is added to a log, once a second, and tells each line that matches; ends with the returned function.
 * A line that differs from an earlier one only by its time is told once.
 */
export function watchLog(file: string, pattern: RegExp, tell: (line: string) => void): () => void {
  const log = openSync(file, "r");
  const told = new Set<string>();
  let offset = 0;
  let rest = "";
  const read = () => {
    const size = fstatSync(log).size;
    if (size <= offset) return;
    const added = Buffer.alloc(size - offset);
    readSync(log, added, 0, added.length, offset);
    offset = size;
    const lines = (rest + added.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.map(withoutTime).filter((each) => pattern.test(each) && !told.has(each))) {
      told.add(line);
      tell(line);
    }
  };
  const timer = setInterval(read, 1_000).unref();
  return () => {
    clearInterval(timer);
    read();
    closeSync(log);
  };
}

function withoutTime(line: string): string {
  return line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* /, "");
}
