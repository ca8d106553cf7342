import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import type { Packet } from "dns-packet";
import { streamDecode, streamEncode } from "dns-packet";

/** A DNS server on 127.0.0.1 (TCP, which Pebble asks; a free port): TXT from `lookup`, NXDOMAIN for everything else. */
export async function startTxtServer(lookup: (name: string) => readonly string[]) {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket)).on("error", () => socket.destroy());
    let received = Buffer.alloc(0);
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      while (received.length > 2 && received.length >= received.readUInt16BE(0) + 2) {
        const end = received.readUInt16BE(0) + 2;
        socket.write(streamEncode(answer(streamDecode(received.subarray(0, end)), lookup)));
        received = received.subarray(end);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close(): Promise<void> {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, "close");
    },
  };
}

function answer({ id = 0, questions = [] }: Packet, lookup: (name: string) => readonly string[]): Packet {
  const [question] = questions;
  const name = question?.name.toLowerCase() ?? "";
  const values = question?.type === "TXT" ? lookup(name) : [];
  const answers = values.map((data) => ({ name, type: "TXT" as const, class: "IN" as const, ttl: 0, data }));
  return { type: "response", id, flags: 0x400 | (values.length > 0 ? 0 : 3), questions, answers };
}
