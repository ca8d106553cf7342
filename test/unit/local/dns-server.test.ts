import { createSocket } from "node:dgram";
import { connect } from "node:net";
import type { DecodedPacket } from "dns-packet";
import * as dns from "dns-packet";
import { afterEach, describe, expect, it } from "vitest";
import type { DnsServer } from "../../../local/dns-server.ts";
import { startDnsServer } from "../../../local/dns-server.ts";
import type { RecordSet } from "../../../local/record-set.ts";

const servers: DnsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const txt = (name: string, ...values: string[]): RecordSet => ({ name, type: "TXT", ttlSeconds: 5, values });
const cname = (name: string, target: string): RecordSet => ({ name, type: "CNAME", ttlSeconds: 5, values: [target] });

async function serve(...sets: RecordSet[]): Promise<number> {
  const at = (name: string) => {
    if (!name.endsWith("example.test")) return undefined;
    const records = sets.filter((set) => set.name === name);
    return { records, exists: sets.some((set) => set.name === name || set.name.endsWith(`.${name}`)) };
  };
  const server = await startDnsServer({ at });
  servers.push(server);
  return server.port;
}

const query = (name: string, type: "TXT" | "CNAME" | "A" | "CAA", payload?: number) => ({
  type: "query" as const,
  id: 7,
  flags: dns.RECURSION_DESIRED,
  questions: [{ type, name }],
  ...(payload
    ? { additionals: [{ type: "OPT" as const, name: "." as const, udpPayloadSize: payload, flags: 0, options: [] }] }
    : {}),
});

function overUdp(
  port: number,
  name: string,
  type: "TXT" | "CNAME" | "A" | "CAA" = "TXT",
  payload?: number,
): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.once("error", reject);
    socket.once("message", (message) => {
      socket.close();
      resolve(dns.decode(message));
    });
    socket.send(dns.encode(query(name, type, payload) as unknown as dns.Packet), port, "127.0.0.1");
  });
}

function overTcp(port: number, ...names: string[]): Promise<DecodedPacket[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const answers: DecodedPacket[] = [];
    let received = Buffer.alloc(0);
    socket.once("error", reject);
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length > 2 && received.length >= 2 + received.readUInt16BE(0)) {
        answers.push(dns.decode(received.subarray(2)));
        received = received.subarray(2 + received.readUInt16BE(0));
      }
      if (answers.length < names.length) return;
      socket.destroy();
      resolve(answers);
    });
    for (const name of names) socket.write(dns.streamEncode(query(name, "TXT") as unknown as dns.Packet));
  });
}

const texts = (packet: DecodedPacket | undefined) =>
  (packet?.answers ?? []).flatMap((answer) =>
    answer.type === "TXT" ? [Buffer.concat([answer.data].flat().map((part) => Buffer.from(part))).toString()] : [],
  );
const code = (packet: DecodedPacket | undefined) => (packet as { rcode?: string } | undefined)?.rcode;

describe("the DNS server", () => {
  it("answers every value of a name, over UDP", async () => {
    const port = await serve(txt("_acme-challenge.example.test", '"one"', '"two"'));
    const answer = await overUdp(port, "_acme-challenge.example.test");
    expect([answer.id, code(answer), texts(answer)]).toEqual([7, "NOERROR", ["one", "two"]]);
  });

  it("answers several questions of one TCP connection", async () => {
    const port = await serve(txt("a.example.test", '"a"'), txt("b.example.test", '"b"'));
    const answers = await overTcp(port, "a.example.test", "b.example.test");
    expect(answers.map(texts)).toEqual([["a"], ["b"]]);
  });

  it("does not mind upper and lower case", async () => {
    const port = await serve(txt("a.example.test", '"a"'));
    expect(texts(await overUdp(port, "A.eXample.TEST"))).toEqual(["a"]);
  });

  it("joins the strings of one value", async () => {
    const port = await serve(txt("a.example.test", '"one " "and \\"two\\""'));
    expect(texts(await overUdp(port, "a.example.test"))).toEqual(['one and "two"']);
  });

  it.each([
    ["NXDOMAIN for a name that is not there", "c.example.test", "NXDOMAIN"],
    ["NXDOMAIN for a name in no zone", "example.com", "NXDOMAIN"],
    ["no answer and no error for a name of another type", "alias.example.test", "NOERROR"],
    ["no answer and no error for a name that only has names below", "example.test", "NOERROR"],
  ])("gives %s", async (_, name, expected) => {
    const port = await serve(cname("alias.example.test", "nowhere.example.com."));
    const answer = await overUdp(port, name);
    expect([code(answer), texts(answer)]).toEqual([expected, []]);
  });

  it("says whose zone a name is in that is not there, and where Route 53's name servers are", async () => {
    const start = "ns-1.awsdns-1.com. hostmaster.example.com. 1 7200 900 1209600 86400";
    const port = await serve({ name: "example.test", type: "SOA", ttlSeconds: 900, values: [start] });
    const absent = await overUdp(port, "a.b.example.test");
    expect([code(absent), absent.authorities?.map(({ name, type }) => [name, type])]).toEqual([
      "NXDOMAIN",
      [["example.test", "SOA"]],
    ]);
    const address = await overUdp(port, "ns-1.awsdns-1.com", "A");
    expect(address.answers).toMatchObject([{ type: "A", data: "127.0.0.1" }]);
  });

  it("answers CAA records with their flags", async () => {
    const caa = { name: "example.test", type: "CAA", ttlSeconds: 5, values: ['128 issue "ca.test; a=b"'] };
    const answer = await overUdp(await serve(caa), "example.test", "CAA");
    expect(answer.answers).toMatchObject([{ data: { flags: 128, tag: "issue", value: "ca.test; a=b" } }]);
  });

  it("follows aliases and shows them", async () => {
    const port = await serve(
      cname("_acme-challenge.example.test", "elsewhere.example.test."),
      txt("elsewhere.example.test", '"found"'),
    );
    const answer = await overUdp(port, "_acme-challenge.example.test");
    expect(answer.answers?.map((each) => each.type)).toEqual(["CNAME", "TXT"]);
    expect(texts(answer)).toEqual(["found"]);
  });

  it("does not follow an alias that was asked for", async () => {
    const port = await serve(cname("alias.example.test", "a.example.test"), txt("a.example.test", '"a"'));
    const answer = await overUdp(port, "alias.example.test", "CNAME");
    expect(answer.answers).toMatchObject([{ type: "CNAME", data: "a.example.test" }]);
  });

  it("gives up on aliases that go round", async () => {
    const port = await serve(cname("a.example.test", "b.example.test"), cname("b.example.test", "a.example.test"));
    expect(code(await overUdp(port, "a.example.test"))).toBe("SERVFAIL");
  });

  it("truncates over UDP what TCP gives whole, unless there is room", async () => {
    const values = Array.from({ length: 20 }, (_, index) => `"${String(index).padStart(43, "x")}"`);
    const port = await serve(txt("a.example.test", ...values));
    const small = await overUdp(port, "a.example.test");
    expect([small.flag_tc, texts(small)]).toEqual([true, []]);
    expect(texts(await overUdp(port, "a.example.test", "TXT", 4_096))).toHaveLength(20);
    expect(texts((await overTcp(port, "a.example.test"))[0])).toHaveLength(20);
  });

  it("shows at most eight of the records that share a name, as Route 53 does", async () => {
    const many = Array.from({ length: 12 }, (_, index) => ({
      ...txt("a.example.test", `"${index}"`),
      setIdentifier: String(index),
    }));
    const port = await serve(...many);
    expect(new Set(texts(await overUdp(port, "a.example.test"))).size).toBe(8);
  });

  it("survives what is no question", async () => {
    const port = await serve(txt("a.example.test", '"a"'));
    const socket = createSocket("udp4");
    await new Promise<void>((sent) => socket.send(Buffer.from("no"), port, "127.0.0.1", () => sent()));
    socket.close();
    expect(texts(await overUdp(port, "a.example.test"))).toEqual(["a"]);
  });
});
