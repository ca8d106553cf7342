import type { Change, ResourceRecordSet } from "@aws-sdk/client-route-53";

/**
 * What Route 53 says of a change batch, in its own sentences (as seen in public issue threads); the rules an emulator
 * is lenient about are held here: exact DELETE, all or nothing, limits, no simple record beside one with an identifier.
 */
export interface Verdict {
  /** The zone's record sets afterwards; meaningless when there are messages. */
  sets: ResourceRecordSet[];
  messages: string[];
}

export function judge(zone: string, before: ResourceRecordSet[], changes: Change[]): Verdict {
  const tooMuch = limits(changes);
  if (tooMuch) return { sets: before, messages: [tooMuch] };
  const malformed = changes.flatMap((change) => malformation(change.ResourceRecordSet ?? blank));
  if (malformed.length > 0) return { sets: before, messages: malformed };
  const twice = changedTwice(changes);
  if (twice.length > 0) return { sets: before, messages: twice };
  let sets = before;
  const messages: string[] = [];
  for (const change of changes) {
    const answer = applyOne(zone, sets, change);
    if (typeof answer === "string") messages.push(answer);
    else sets = answer;
  }
  return { sets, messages };
}

const blank: ResourceRecordSet = { Name: "", Type: "TXT" };

/** Stored and shown names: lower case, trailing dot, all but a-z 0-9 - _ . as octal escapes. */
export function shown(name: string): string {
  const plain = `${name.replace(/\.$/, "").toLowerCase()}.`;
  const decoded = plain.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return decoded.replace(/[^a-z0-9\-_.]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

export function sameSet(a: ResourceRecordSet, b: ResourceRecordSet): boolean {
  return sameNameAndType(a, b) && (a.SetIdentifier ?? "") === (b.SetIdentifier ?? "");
}

function sameNameAndType(a: ResourceRecordSet, b: ResourceRecordSet): boolean {
  return shown(a.Name ?? "") === shown(b.Name ?? "") && a.Type === b.Type;
}

function valuesOf(set: ResourceRecordSet): string[] {
  return (set.ResourceRecords ?? []).map(({ Value }) => Value ?? "");
}

function limits(changes: Change[]): string | undefined {
  let records = 0;
  let characters = 0;
  for (const { Action, ResourceRecordSet } of changes) {
    const weight = Action === "UPSERT" ? 2 : 1;
    const values = valuesOf(ResourceRecordSet ?? blank);
    records += weight * values.length;
    characters += weight * values.join("").length;
  }
  if (records > 1_000) return "Number of records limit of 1000 exceeded.";
  return characters > 32_000 ? "RDATA character limit of 32000 exceeded." : undefined;
}

function malformation(set: ResourceRecordSet): string[] {
  const messages: string[] = [];
  const name = (set.Name ?? "").replace(/\.$/, "");
  for (const label of name.split(".")) {
    if (label.length > 63) messages.push(fatal("DomainLabelTooLong (Domain label is too long)", label));
    if (label === "") messages.push(fatal("DomainLabelEmpty (Domain label is empty)", name));
  }
  const values = valuesOf(set);
  if (new Set(values).size < values.length) messages.push(`Duplicate Resource Record: '${values[0]}'`);
  if (set.Type !== "TXT") return messages;
  for (const value of values) {
    if (!/^"([^"\\]|\\.)*"( "([^"\\]|\\.)*")*$/.test(value))
      messages.push(invalidRecord("enclosed in quotation marks", value));
    if (value.split('" "').some((text) => text.length > 257)) messages.push(invalidRecord("too long", value));
  }
  return messages;
}

function fatal(problem: string, where: string): string {
  return `FATAL problem: ${problem} encountered with '${where}'`;
}

function invalidRecord(why: string, value: string): string {
  return `Invalid Resource Record: '${fatal(`InvalidCharacterString (Value should be ${why})`, value)}'`;
}

/** Only DELETE followed by CREATE may meet at one record set. */
function changedTwice(changes: Change[]): string[] {
  const seen = new Map<string, string>();
  const messages: string[] = [];
  for (const { Action, ResourceRecordSet: set = blank } of changes) {
    const key = `${set.Type} ${shown(set.Name ?? "")}`;
    const full = `${key} ${set.SetIdentifier ?? ""}`;
    const before = seen.get(full);
    if (before !== undefined && !(before === "DELETE" && Action === "CREATE")) {
      messages.push(`The request contains an invalid set of changes for a resource record set '${key}'`);
    }
    seen.set(full, `${before ?? ""}${Action}`);
  }
  return messages;
}

function applyOne(zone: string, sets: ResourceRecordSet[], change: Change): ResourceRecordSet[] | string {
  const set = { ...(change.ResourceRecordSet ?? blank), Name: shown(change.ResourceRecordSet?.Name ?? "") };
  const there = sets.find((each) => sameSet(each, set));
  const others = sets.filter((each) => each !== there);
  if (change.Action === "DELETE") {
    const wrong = notDeletable(there, set);
    return wrong ? `Tried to delete resource record set ${bracketed(set)} but ${wrong}` : others;
  }
  if (change.Action === "CREATE" && there) {
    return `Tried to create resource record set ${bracketed(set)} but it already exists`;
  }
  return conflict(zone, others, set) ?? [...others, set];
}

function bracketed(set: ResourceRecordSet): string {
  const identifier = set.SetIdentifier === undefined ? "" : `, set-identifier='${set.SetIdentifier}'`;
  return `[name='${set.Name}', type='${set.Type}'${identifier}]`;
}

function notDeletable(there: ResourceRecordSet | undefined, set: ResourceRecordSet): string | undefined {
  if (!there) return "it was not found";
  const same =
    there.TTL === set.TTL &&
    there.Weight === set.Weight &&
    JSON.stringify(valuesOf(there).sort()) === JSON.stringify(valuesOf(set).sort());
  return same ? undefined : "the values provided do not match the current values";
}

function conflict(zone: string, others: ResourceRecordSet[], set: ResourceRecordSet): string | undefined {
  const name = set.Name ?? "";
  if (name !== shown(zone) && !name.endsWith(`.${shown(zone)}`)) {
    return `RRSet with DNS name ${name} is not permitted in zone ${shown(zone)}`;
  }
  if (set.Type !== "CNAME" && others.some((each) => each.Name === name && each.Type === "CNAME")) {
    return `RRSet of type ${set.Type} with DNS name ${name} is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone ${shown(zone)}`;
  }
  const neighbour = others.find((each) => sameNameAndType(each, set));
  if (!neighbour || kindOf(neighbour) === kindOf(set)) return undefined;
  const what = `RRSet with DNS name ${name}, type ${set.Type}`;
  if (!set.SetIdentifier) return `${what} cannot be created as other RRSets exist with the same name and type.`;
  return `${what}, SetIdentifier "${set.SetIdentifier}" cannot be created because a non multivalue answer rrset exists with the same name and type.`;
}

function kindOf(set: ResourceRecordSet): string {
  if (set.MultiValueAnswer) return "multivalue";
  return set.SetIdentifier === undefined ? "simple" : "routed";
}
