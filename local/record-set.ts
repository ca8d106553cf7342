/** A Route 53 record set; the name is lower case and has no trailing dot, values are as Route 53 writes them. */
export interface RecordSet {
  name: string;
  type: string;
  ttlSeconds: number;
  values: string[];
  /** Present on records that share a name and type, such as multivalue ones. */
  setIdentifier?: string;
}

/** One entry of a ChangeBatch. */
export interface Change {
  action: "CREATE" | "DELETE" | "UPSERT";
  set: RecordSet;
}

/** The changes of a ChangeResourceRecordSets body. */
export function parseChanges(xml: string): Change[] {
  return blocks(xml, "Change").map((block) => ({
    action: text(block, "Action") as Change["action"],
    set: parseSet(block),
  }));
}

/** The record sets of a ListResourceRecordSets answer. */
export function parseRecordSets(xml: string): RecordSet[] {
  return blocks(xml, "ResourceRecordSet").map(parseSet);
}

/** The zones of a ListHostedZones answer. */
export function parseZones(xml: string): { id: string; name: string; isPrivate: boolean }[] {
  return blocks(xml, "HostedZone").map((block) => ({
    id: text(block, "Id").split("/").at(-1) ?? "",
    name: plainName(text(block, "Name")),
    isPrivate: text(block, "PrivateZone") === "true",
  }));
}

/** The record sets after these changes, which Route 53 has accepted as a whole. */
export function applyChanges(sets: RecordSet[], changes: Change[]): RecordSet[] {
  const after = new Map(sets.map((set) => [keyOf(set), set]));
  for (const { action, set } of changes) {
    if (action === "DELETE") after.delete(keyOf(set));
    else after.set(keyOf(set), set);
  }
  return [...after.values()];
}

/** The character strings of a TXT value: `"a" "b"`. */
export function textStrings(value: string): string[] {
  return [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inner = ""]) => inner.replaceAll(/\\(.)/g, "$1"));
}

function keyOf(set: RecordSet): string {
  return `${set.name} ${set.type} ${set.setIdentifier ?? ""}`;
}

function parseSet(block: string): RecordSet {
  const identifier = text(block, "SetIdentifier");
  return {
    name: plainName(text(block, "Name")),
    type: text(block, "Type"),
    ttlSeconds: Number(text(block, "TTL") || "60"),
    values: blocks(block, "ResourceRecord").map((record) => text(record, "Value")),
    ...(identifier ? { setIdentifier: identifier } : {}),
  };
}

// Route 53 writes the asterisk of a wildcard as \052.
function plainName(name: string): string {
  return name.replace(/\.$/, "").replaceAll("\\052", "*").toLowerCase();
}

function blocks(xml: string, tag: string): string[] {
  return [...xml.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, "gs"))].map(([, inner = ""]) => inner);
}

function text(xml: string, tag: string): string {
  return unescapeXml(new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1] ?? "");
}

const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescapeXml(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-f]+)|#(\d+)|(lt|gt|quot|apos|amp));/gi, (_, hex, decimal, name) => {
    if (name) return entities[String(name).toLowerCase()] ?? "";
    return String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal));
  });
}
