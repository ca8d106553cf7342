import { describe, expect, it } from "vitest";
import { parseLiteralSubject } from "../../../core/literal-subject.ts";
import { attributeOids, type Rdn } from "../../../core/rdn.ts";
import { commonNameOf, rdnSequence } from "../../../core/subject.ts";

const words = new Map(Object.entries({ ...attributeOids, POSTALCODE: "2.5.4.17" }).map(([word, oid]) => [oid, word]));
/** `O=Example CN=a+UID=b`: RDNs in the order of the encoding. */
const shown = (rdns: Rdn[]) =>
  rdns.map((rdn) => rdn.map(({ oid, value }) => `${words.get(oid)}=${value}`).join("+")).join(" ");
const parsed = (text: string) => {
  const read = parseLiteralSubject(text);
  return "rdns" in read ? shown(read.rdns) : read.problem;
};

describe("a literal subject", () => {
  it.each<[string, string, string]>([
    ["is turned round: its last RDN is encoded first", "CN=a,OU=b,O=c", "O=c OU=b CN=a"],
    ["keeps RDNs of one type apart, in their order", "OU=x,OU=y,O=c", "O=c OU=y OU=x"],
    ["keeps the pairs of one RDN together", "CN=a+UID=b,DC=example,DC=com", "DC=com DC=example CN=a+UID=b"],
    [
      "knows cert-manager's ten types",
      "C=1,O=2,OU=3,CN=4,SERIALNUMBER=5,L=6,ST=7,STREET=8,DC=9,UID=10",
      "UID=10 DC=9 STREET=8 ST=7 L=6 SERIALNUMBER=5 CN=4 OU=3 O=2 C=1",
    ],
    ["is separated by semicolons, too", "CN=a;O=b", "O=b CN=a"],
    ["drops spaces around types and values", " CN = a b , O=c ", "O=c CN=a b"],
    ["keeps an escaped space at the end", "CN=a\\  ,O=b", "O=b CN=a "],
    ["keeps an escaped space at the start", "CN=\\ a", "CN= a"],
    ["unescapes separators", "CN=a\\,b\\+c\\;d,O=e", "O=e CN=a,b+c;d"],
    ["unescapes quotes, signs and backslashes", 'CN=\\"a\\<b\\>\\#\\=\\\\', 'CN="a<b>#=\\'],
    ["unescapes hexadecimal UTF-8", "CN=Lu\\C4\\8Di\\C4\\87", "CN=Lu\u010di\u0107"],
    ["keeps what needs no escape", "CN=Gr\u00fcn & Co = *", "CN=Gr\u00fcn & Co = *"],
    ["may have an empty value", "CN=,O=b", "O=b CN="],
    ["may be blank", " ", ""],
  ])("%s", (_rule, text, rdns) => {
    expect(parsed(text)).toBe(rdns);
  });
});

describe("a subject", () => {
  it("is encoded in Go's order, each list as one RDN", () => {
    const subject = {
      serialNumber: "7",
      organizationalUnits: ["Web", "Ops"],
      organizations: ["Example"],
      postalCodes: ["80331"],
      streetAddresses: ["Weg 1"],
      localities: ["M"],
      provinces: ["BY"],
      countries: ["DE"],
    };
    expect(shown(rdnSequence({ commonName: "a", subject }))).toBe(
      "C=DE ST=BY L=M STREET=Weg 1 POSTALCODE=80331 O=Example OU=Web+OU=Ops CN=a SERIALNUMBER=7",
    );
  });

  it("is empty when nothing is said", () => {
    expect(rdnSequence({})).toEqual([]);
    expect(commonNameOf({})).toBeUndefined();
  });

  it("has the last common name of a literal subject, as cert-manager reads it", () => {
    expect(commonNameOf({ literalSubject: "CN=first,CN=second" })).toBe("first");
    expect(commonNameOf({ literalSubject: "CN=" })).toBeUndefined();
    expect(commonNameOf({ commonName: "a" })).toBe("a");
  });
});
