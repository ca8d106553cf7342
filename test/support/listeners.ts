import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A socket that is open to others, and whose it is. */
export interface Listener {
  pid: number;
  /** `tcp 127.0.0.1:4566`. */
  socket: string;
}

/** Every socket on which these processes, and all they started, listen or receive; from Linux's own tables. */
export function listenersOf(pids: number[]): Listener[] {
  const sockets = new Map(["tcp", "tcp6", "udp", "udp6"].flatMap(openSockets));
  return [...withDescendants(pids)].flatMap((pid) =>
    socketInodes(pid).flatMap((inode) => {
      const socket = sockets.get(inode);
      return socket ? [{ pid, socket }] : [];
    }),
  );
}

/** The process and all that it started, directly or not. */
export function withDescendants(pids: number[]): Set<number> {
  const parents = new Map(processIds().map((pid) => [pid, parentOf(pid)]));
  const family = new Set(pids);
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const [pid, parent] of parents) if (family.has(parent)) family.add(pid);
  }
  return family;
}

// TCP sockets in LISTEN (0A), UDP sockets without a peer (07): proc(5).
function openSockets(protocol: string): [inode: string, socket: string][] {
  const wanted = protocol.startsWith("tcp") ? "0A" : "07";
  return readFileSync(`/proc/net/${protocol}`, "utf8")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === wanted)
    .map((fields) => [fields[9] ?? "", `${protocol} ${readable(fields[1] ?? "")}`]);
}

// An IPv4 address is one little-endian hexadecimal number.
function readable(address: string): string {
  const [ip = "", port = ""] = address.split(":");
  const shown =
    ip.length === 8
      ? (ip.match(/../g) ?? [])
          .reverse()
          .map((byte) => Number.parseInt(byte, 16))
          .join(".")
      : ip;
  return `${shown}:${Number.parseInt(port, 16)}`;
}

function socketInodes(pid: number): string[] {
  return attempt(() => readdirSync(`/proc/${pid}/fd`), []).flatMap((fd) => {
    const link = attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`), "");
    return /^socket:\[(\d+)\]$/.exec(link)?.slice(1) ?? [];
  });
}

function processIds(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function parentOf(pid: number): number {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"), "");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

// Processes end while we look.
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
