import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** Reads what is added to a log, once a second, and tells each line that matches; ends with the returned function. */
export function watchLog(file: string, pattern: RegExp, tell: (line: string) => void): () => void {
  const log = openSync(file, "r");
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
    for (const line of lines) if (pattern.test(line)) tell(line);
  };
  const timer = setInterval(read, 1_000).unref();
  return () => {
    clearInterval(timer);
    read();
    closeSync(log);
  };
}
