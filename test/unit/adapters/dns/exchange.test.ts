import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type ExchangeOptions, exchangeWith } from "../../../../adapters/dns/exchange.ts";
import { query } from "../../../../adapters/dns/rfc2136/conversation.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A UDP server that sends back what `answers` makes of each datagram. */
async function udp(answers: (bytes: Buffer, count: number) => Buffer[]): Promise<number> {
  const socket = createSocket("udp4");
  let count = 0;
  socket.on("message", (bytes, from) => {
    count += 1;
    for (const answer of answers(bytes, count)) socket.send(answer, from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  ends.push(() => socket.close());
  await once(socket, "listening");
  return socket.address().port;
}

async function tcp(port: number, serve: (bytes: Buffer, socket: Socket) => void): Promise<number> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => socket.destroy()).on("data", (bytes) => serve(bytes, socket));
  });
  server.listen(port, "127.0.0.1");
  ends.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const options: ExchangeOptions = { allowedPrivateHosts: ["127.0.0.1"], udpTriesMs: [20, 20], tcpTimeoutMs: 100 };
const hello = Buffer.from("hello");
const any = () => true;

function ask(port: number, over: "UDP" | "TCP", accepts: (answer: Buffer) => boolean = any) {
  return exchangeWith({ host: "127.0.0.1", port }, options)(hello, { over, accepts });
}

describe("a message over UDP", () => {
  it("is answered", async () => {
    const port = await udp((bytes) => [bytes]);
    expect(await ask(port, "UDP")).toEqual(hello);
  });

  it("is sent again, as it was, when no answer comes", async () => {
    const port = await udp((bytes, count) => (count === 2 ? [bytes] : []));
    expect(await ask(port, "UDP")).toEqual(hello);
  });

  it("waits on when something else than its answer comes", async () => {
    const port = await udp((bytes) => [Buffer.from("forged"), bytes]);
    expect(await ask(port, "UDP", (answer) => answer.equals(hello))).toEqual(hello);
  });

  it("is given up when nothing comes", async () => {
    const port = await udp(() => []);
    await expect(ask(port, "UDP")).rejects.toMatchObject({ name: "UnavailableError", reason: "NameServerUnavailable" });
  });

  it("is given up at once where nobody listens", async () => {
    const port = await udp(() => []);
    for (const end of ends.splice(0)) end();
    await expect(ask(port, "UDP")).rejects.toMatchObject({ name: "UnavailableError" });
  });
});

describe("a message over TCP", () => {
  it("is answered in as many pieces as the answer comes in", async () => {
    const port = await tcp(0, (bytes, socket) => {
      for (const byte of bytes) socket.write(Buffer.of(byte));
    });
    expect(await ask(port, "TCP")).toEqual(hello);
  });

  it.each<[string, (bytes: Buffer, socket: Socket) => void]>([
    ["the connection is closed", (_, socket) => socket.end()],
    ["the answer never ends", (bytes, socket) => void socket.write(bytes.subarray(0, 4))],
  ])("is given up when %s", async (_, serve) => {
    const port = await tcp(0, serve);
    await expect(ask(port, "TCP")).rejects.toMatchObject({ name: "UnavailableError", reason: "NameServerUnavailable" });
  });
});

describe("a question whose answer is too large for UDP", () => {
  it("is asked again over TCP", async () => {
    const reply = (bytes: Buffer, flags: number) => {
      const answer = Buffer.from(bytes);
      answer.writeUInt16BE(flags, 2);
      return answer;
    };
    const port = await udp((bytes) => [reply(bytes, 0x8200)]);
    await tcp(port, (bytes, socket) => {
      socket.write(Buffer.concat([bytes.subarray(0, 2), reply(bytes.subarray(2), 0x8400)]));
    });
    const exchange = exchangeWith({ host: "127.0.0.1", port }, options);
    const clock = { now: () => new Date() };
    expect(await query({ exchange, clock, protocol: "UDP" }, "one.test", 16)).toMatchObject({ authoritative: true });
  });
});

describe("a name server that somebody else chose", () => {
  const reach = (host: string, allowedPrivateHosts: string[], addresses: string[] = []) => {
    const resolve = async () => addresses.map((address) => ({ address }));
    const exchange = exchangeWith({ host, port: 9 }, { allowedPrivateHosts, resolve, tcpTimeoutMs: 50 });
    return exchange(hello, { over: "TCP", accepts: any });
  };

  it.each<[string, string, string[], string[]]>([
    ["is an address of this machine", "127.0.0.1", [], []],
    ["is the metadata service", "169.254.169.254", [], []],
    ["is an IPv6 address of this machine", "::1", [], []],
    ["is a name of this machine", "localhost", [], []],
    ["resolves to a private address", "ns.example.com", [], ["198.51.100.1", "10.0.0.1"]],
    ["is allowed at another port", "127.0.0.1", ["127.0.0.1:53"], []],
  ])("is not asked when it %s", async (_, host, allowed, addresses) => {
    await expect(reach(host, allowed, addresses)).rejects.toMatchObject({
      name: "RefusedError",
      reason: "ForbiddenNameServer",
    });
  });

  it.each<[string, string, string[], string[]]>([
    ["by its address and port", "127.0.0.1", ["127.0.0.1:9"], []],
    ["by its name", "ns.example.com", ["ns.example.com"], ["127.0.0.1"]],
  ])("is asked when the operator allows it %s", async (_, host, allowed, addresses) => {
    await expect(reach(host, allowed, addresses)).rejects.toMatchObject({ reason: "NameServerUnavailable" });
  });

  it("that has no address is unavailable", async () => {
    await expect(reach("ns.example.com", [], [])).rejects.toMatchObject({ reason: "NameServerUnavailable" });
  });

  it("that cannot be resolved is unavailable", async () => {
    const resolve = () => Promise.reject(new Error("ENOTFOUND"));
    const exchange = exchangeWith({ host: "ns.example.com", port: 9 }, { allowedPrivateHosts: [], resolve });
    await expect(exchange(hello, { over: "UDP", accepts: any })).rejects.toMatchObject({
      name: "UnavailableError",
      message: expect.stringContaining("ENOTFOUND"),
    });
  });
});
