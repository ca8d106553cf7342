/** What stands between BEGIN and END (RFC 7468); `line` counts from 1. */
export type PemBlock = { label: string; line: number } & (
  | { der: Buffer; hasHeaders: boolean }
  /** What cannot be read as PEM, and why. */
  | { broken: string }
);

const endLine = /^\s*-----END ([^-]*)-----\s*$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

interface Open {
  label: string;
  line: number;
  /** Whether BEGIN stands on a line of its own. */
  stands: boolean;
  body: string[];
}

/** The blocks of a PEM text in their order; text around them is left out. Nothing that begins as a block is passed over. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: Open | undefined;
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (line.includes("-----BEGIN ")) {
      if (open) blocks.push(closed(open));
      open = opened(line, index + 1);
    } else if (open && line.includes("-----END ")) {
      blocks.push(closed(open, line));
      open = undefined;
    } else open?.body.push(line.trim());
  }
  return open ? [...blocks, closed(open)] : blocks;
}

function opened(text: string, line: number): Open {
  const label = /-----BEGIN ([^-]*)/.exec(text)?.[1] ?? "";
  return { label, line, stands: /^\s*-----BEGIN [^-]*-----\s*$/.test(text), body: [] };
}

function closed({ label, line, stands, body }: Open, end?: string): PemBlock {
  const hasHeaders = body.some((one) => one.includes(":"));
  const text = body.filter((one) => !one.includes(":")).join("");
  if (!stands) return { label, line, broken: "has its BEGIN not on a line of its own" };
  if (end === undefined) return { label, line, broken: "has no END line" };
  if (endLine.exec(end)?.[1] !== label) return { label, line, broken: "ends as another block" };
  if (text === "" || !base64.test(text)) return { label, line, broken: "is not base64" };
  return { label, line, der: Buffer.from(text, "base64"), hasHeaders };
}
