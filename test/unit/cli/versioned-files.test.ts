import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { holdsVersion, isMarked, markVersion, removeFormer, writeVersion } from "../../../cli/versioned-files.ts";

const folder = mkdtempSync(join(tmpdir(), "certwright-versions-"));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
let out: string;
beforeEach(() => {
  out = join(folder, `out${count++}`);
});

const filesOf = (contents: Record<string, string>) =>
  Object.entries(contents).map(([name, text]): [string, Uint8Array] => [name, Buffer.from(text)]);
const first = filesOf({ "tls.crt": "crt 1", "tls.key": "key 1", "keystore.p12": "p12 1" });
const second = filesOf({ "tls.crt": "crt 2", "tls.key": "key 2" });

const read = (name: string) => readFileSync(join(out, name), "utf8");
const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);
const versions = () => readdirSync(out).filter((name) => /^\.\.[0-9a-f]{8}-/.test(name));

describe("a version", () => {
  it("is seen through links, for the owner's eyes only", () => {
    writeVersion(out, first);
    expect(["tls.crt", "tls.key", "keystore.p12"].map(read)).toEqual(["crt 1", "key 1", "p12 1"]);
    expect(readlinkSync(join(out, "tls.key"))).toBe("..data/tls.key");
    expect([modeOf(out), modeOf(join(out, "..data")), modeOf(join(out, "tls.key"))]).toEqual(["700", "700", "600"]);
    expect(readdirSync(out).sort()).toEqual([...versions(), "..data", "keystore.p12", "tls.crt", "tls.key"].sort());
  });

  it("is swapped in by one rename: the links to its files stay, only ..data is another", () => {
    writeVersion(out, first);
    const inodes = () => ["tls.crt", "tls.key", "..data"].map((name) => lstatSync(join(out, name)).ino);
    const [crt, key, data] = inodes();
    writeVersion(out, second);
    expect([read("tls.crt"), read("tls.key")]).toEqual(["crt 2", "key 2"]);
    expect(inodes().slice(0, 2)).toEqual([crt, key]);
    expect(inodes()[2]).not.toBe(data);
  });

  it("leaves the one before for those that are reading it, until it is removed", () => {
    writeVersion(out, first);
    const before = join(out, readlinkSync(join(out, "..data")), "tls.key");
    writeVersion(out, second);
    expect(readFileSync(before, "utf8")).toBe("key 1");
    removeFormer(out);
    expect(() => statSync(before)).toThrow("ENOENT");
    expect(versions()).toEqual([readlinkSync(join(out, "..data"))]);
    expect(read("tls.key")).toBe("key 2");
  });

  it("takes away the keys that it does not have, and nothing of others", () => {
    writeVersion(out, first);
    writeFileSync(join(out, "dhparam.pem"), "mine");
    symlinkSync("elsewhere", join(out, "link"));
    mkdirSync(join(out, "..mine"));
    writeVersion(out, second);
    removeFormer(out);
    expect(readdirSync(out).sort()).toEqual(
      ["..data", ...versions(), "..mine", "dhparam.pem", "link", "tls.crt", "tls.key"].sort(),
    );
  });

  it("replaces files and links that were there, without touching what they lead to", () => {
    mkdirSync(out);
    writeFileSync(join(out, "tls.key"), "old", { mode: 0o644 });
    writeFileSync(join(folder, "elsewhere"), "untouched");
    symlinkSync(join(folder, "elsewhere"), join(out, "tls.crt"));
    writeVersion(out, second);
    expect([read("tls.crt"), read("tls.key"), modeOf(join(out, "tls.key"))]).toEqual(["crt 2", "key 2", "600"]);
    expect(readFileSync(join(folder, "elsewhere"), "utf8")).toBe("untouched");
  });

  it("lies in a folder that those may enter who may enter the directory", () => {
    mkdirSync(out);
    chmodSync(out, 0o2750);
    writeVersion(out, first);
    expect([modeOf(join(out, "..data")), modeOf(join(out, "tls.key"))]).toEqual(["2750", "600"]);
  });
});

describe("a version that cannot be written", () => {
  it.each<[string, () => void]>([
    ["a folder is where a file belongs", () => mkdirSync(join(out, "tls.pem"))],
    [
      "..data is a folder",
      () => {
        rmSync(join(out, "..data"));
        mkdirSync(join(out, "..data"));
      },
    ],
  ])("changes nothing and leaves nothing behind: %s", (_, prepare) => {
    writeVersion(out, first);
    prepare();
    const before = readdirSync(out).sort();
    expect(() => writeVersion(out, [...second, ["tls.pem", Buffer.from("both")]])).toThrow(`cannot write to ${out}`);
    expect(readdirSync(out).sort()).toEqual(before);
  });

  it("says so when the directory cannot be made", () => {
    writeFileSync(out, "a file");
    expect(() => writeVersion(out, first)).toThrow(`cannot write to ${out}`);
  });

  it("is tidied up after by the next: folders and links of a writer that died", () => {
    writeVersion(out, first);
    mkdirSync(join(out, "..11111111-2222-4333-8444-555555555555"));
    symlinkSync("..data/tls.key", join(out, "..21111111-2222-4333-8444-555555555555"));
    writeVersion(out, second);
    removeFormer(out);
    expect(versions()).toEqual([readlinkSync(join(out, "..data"))]);
  });
});

describe("whether a version is there", () => {
  beforeEach(() => writeVersion(out, second));
  it("yes, right after it was written", () => {
    expect(holdsVersion(out, second)).toBe(true);
  });

  it.each<[string, () => void]>([
    ["another content", () => writeVersion(out, filesOf({ "tls.crt": "crt 2", "tls.key": "key 3" }))],
    ["a key more", () => writeVersion(out, [...second, ["ca.crt", Buffer.from("ca")]])],
    ["a key less", () => rmSync(join(out, "tls.key"))],
    [
      "a file of its content in the place of a link",
      () => {
        rmSync(join(out, "tls.key"));
        writeFileSync(join(out, "tls.key"), "key 2");
      },
    ],
    ["a link that leads nowhere", () => rmSync(join(out, "..data"))],
    ["no directory", () => rmSync(out, { recursive: true })],
  ])("no: %s", (_, change) => {
    change();
    expect(holdsVersion(out, second)).toBe(false);
  });
});

describe("what was done for a version", () => {
  it("is remembered with it, and forgotten with it", () => {
    writeVersion(out, first);
    expect(isMarked(out, "..done")).toBe(false);
    markVersion(out, "..done");
    expect([isMarked(out, "..done"), holdsVersion(out, first)]).toEqual([true, true]);
    writeVersion(out, second);
    expect(isMarked(out, "..done")).toBe(false);
  });

  it("cannot be remembered where nothing is", () => {
    expect(() => markVersion(out, "..done")).toThrow(`cannot write to ${out}`);
    expect(() => removeFormer(out)).toThrow(`cannot write to ${out}`);
  });
});
