import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { openLookup } from "../../../../adapters/dns/lookup/open.ts";
import { isRefusalOf, UnavailableError } from "../../../../core/errors.ts";
import { createServerIdentity } from "../../../../local/certificate-authority.ts";
import { startDnsServer } from "../../../../local/dns-server.ts";
import type { RecordSet } from "../../../../local/record-set.ts";
import { lookedUp, testDnsLookup } from "../../../contract/dns-lookup.ts";
import { memoryLookup } from "../../../support/memory-lookup.ts";

const ends: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ends) await end();
});

const set = (name: string, type: string, ...values: string[]): RecordSet => ({ name, type, ttlSeconds: 5, values });
const zone = (name: string) => [
  set(name, "SOA", "ns-1.awsdns-1.com. hostmaster.test. 1 7200 900 1209600 86400"),
  set(name, "NS", "ns-1.awsdns-1.com."),
];
const sets = [
  ...zone("one.test"),
  ...zone("two.test"),
  set(lookedUp.text.name, "TXT", ...lookedUp.text.values.map((value) => `"${value}"`)),
  set(lookedUp.alias.name, "CNAME", `${lookedUp.alias.target}.`),
  set(lookedUp.alias.target, "TXT", `"${lookedUp.alias.value}"`),
  set(lookedUp.caa.name, "CAA", `128 ${lookedUp.caa.tag} "${lookedUp.caa.value}"`),
  set("long.one.test", "TXT", ...Array.from({ length: 40 }, (_, index) => `"${String(index).padStart(90, "v")}"`)),
];
const zones = {
  at: (name: string) => {
    if (!/(^|\.)(one|two)\.test$/.test(name)) return undefined;
    const exists = sets.some((one) => one.name === name || one.name.endsWith(`.${name}`));
    return { records: sets.filter((one) => one.name === name), exists };
  },
};

async function overUdp() {
  const server = await startDnsServer(zones);
  ends.push(server.close);
  const at = `127.0.0.1:${server.port}`;
  return { lookup: openLookup({ allowedPrivateHosts: ["127.0.0.1"], resolvers: [at] }), server: at };
}

/** DoH in front of the same server. */
async function overHttps() {
  const { server: resolver } = await overUdp();
  const identity = await createServerIdentity();
  const https: Server = createServer(
    { key: identity.server.key, cert: identity.server.certificate },
    async (request, reply) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      if (request.headers["content-type"] !== "application/dns-message") return reply.writeHead(415).end();
      if (request.url !== "/dns-query") return reply.writeHead(302, { location: "/dns-query" }).end();
      const socket = createSocket("udp4");
      const answered = once(socket, "message");
      socket.send(Buffer.concat(chunks), Number(resolver.split(":")[1]), "127.0.0.1");
      const [answer] = await answered;
      socket.close();
      reply.writeHead(200, { "content-type": "application/dns-message" }).end(answer);
    },
  );
  https.listen(0, "127.0.0.1");
  await once(https, "listening");
  ends.push(() => https.close());
  const server = `https://127.0.0.1:${(https.address() as AddressInfo).port}/dns-query`;
  const options = { allowedPrivateHosts: ["127.0.0.1"], resolvers: [resolver], caBundle: identity.caCertificate };
  return { lookup: openLookup(options), server };
}

testDnsLookup("over UDP", overUdp);
testDnsLookup("over HTTPS", overHttps);
testDnsLookup("the fake in memory", () => {
  const lookup = memoryLookup();
  lookup.addZone("one.test", ["192.0.2.1"]);
  lookup.addZone("two.test", ["192.0.2.1"]);
  for (const text of lookedUp.text.values) lookup.put(lookedUp.text.name, { type: "TXT", text });
  lookup.put(lookedUp.alias.name, { type: "CNAME", target: lookedUp.alias.target });
  lookup.put(lookedUp.alias.target, { type: "TXT", text: lookedUp.alias.value });
  const { tag, value } = lookedUp.caa;
  lookup.put(lookedUp.caa.name, { type: "CAA", critical: true, tag, value });
  return { lookup, server: "192.0.2.1" };
});

/** A server that answers each datagram so. */
async function answering(answer: (asked: Buffer) => Buffer[]): Promise<string> {
  const socket = createSocket("udp4");
  socket.on("message", (asked, from) => {
    for (const one of answer(asked)) socket.send(one, from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  ends.push(() => socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

const withCode = (code: number) => (asked: Buffer) => {
  const answer = Buffer.from(asked);
  answer.writeUInt16BE(0x8000 | code, 2);
  return [answer];
};
const private4 = { allowedPrivateHosts: ["127.0.0.1"], udpTriesMs: [100, 100] };

describe("a DNS server", () => {
  it("is asked over TCP for what is too long for UDP", async () => {
    const { lookup, server } = await overUdp();
    const { answers } = await lookup.ask(server, "long.one.test", "TXT");
    expect(answers).toHaveLength(40);
  });

  it.each([
    ["127.0.0.1"],
    ["169.254.169.254:53"],
    ["[::1]:53"],
    ["10.0.0.1:53"],
    ["https://127.0.0.1/dns-query"],
    ["https://[fd00::1]/dns-query"],
  ])("at %s is not asked on behalf of others", async (server) => {
    const asked = openLookup({ allowedPrivateHosts: [] }).ask(server, "one.test", "TXT");
    await expect(asked).rejects.toSatisfy((error) => isRefusalOf(error, "ForbiddenNameServer"));
  });

  it("that is our own resolver may be private; its port is the port of all", async () => {
    const { server } = await overUdp();
    const lookup = openLookup({ allowedPrivateHosts: [], resolvers: [server] });
    expect((await lookup.resolve(lookedUp.text.name, "TXT")).answers).toHaveLength(2);
    const ours = openLookup({ allowedPrivateHosts: ["127.0.0.1"], resolvers: [server] });
    expect((await ours.ask("127.0.0.1", lookedUp.text.name, "TXT")).answers).toHaveLength(2);
  });

  it.each([
    [2, "SERVFAIL"],
    [5, "REFUSED"],
    [11, "code 11"],
  ])("that answers %i is away, and the message says %s", async (code, words) => {
    const server = await answering(withCode(code));
    const asked = openLookup(private4).ask(server, "one.test", "TXT");
    await expect(asked).rejects.toBeInstanceOf(UnavailableError);
    await expect(asked).rejects.toThrow(`answered ${words} to TXT one.test`);
  });

  it("is not believed when it answers another question, or by another's id", async () => {
    const wrongId = (asked: Buffer) => {
      const [answer = asked] = withCode(3)(asked);
      answer.writeUInt16BE((asked.readUInt16BE(0) + 1) & 0xffff, 0);
      return answer;
    };
    const wrongName = (asked: Buffer) => {
      const [answer = asked] = withCode(3)(asked);
      answer.write("x", 13);
      return answer;
    };
    const server = await answering((asked) => [wrongId(asked), wrongName(asked), Buffer.from("nonsense")]);
    await expect(openLookup(private4).ask(server, "one.test", "TXT")).rejects.toThrow("no answer in time");
  });

  it("that is away is not the last resolver", async () => {
    const { server } = await overUdp();
    const silent = await answering(() => []);
    const lookup = openLookup({ ...private4, resolvers: [silent, server] });
    expect((await lookup.resolve(lookedUp.text.name, "TXT")).answers).toHaveLength(2);
  });

  it("over HTTPS must have a certificate that is trusted, and is followed nowhere", async () => {
    const { lookup, server } = await overHttps();
    const untrusting = openLookup({ allowedPrivateHosts: ["127.0.0.1"] });
    await expect(untrusting.ask(server, "one.test", "TXT")).rejects.toMatchObject({ name: "UnavailableError" });
    await expect(lookup.ask(server.replace("dns-query", "elsewhere"), "one.test", "TXT")).rejects.toThrow("status 302");
  });
});
