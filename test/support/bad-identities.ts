import type { BadSpec } from "./bad-objects.ts";

const upn = "1.3.6.1.4.1.311.20.2.3";
const literal = (text: string) => ({ dnsNames: undefined, literalSubject: text });
const unreadable = (problem: string, text: string) => `Invalid value: ${JSON.stringify(text)}: ${problem}`;
const onlyRsa =
  "for key algorithm RSA the allowed signature algorithms are [SHA256WithRSA SHA384WithRSA SHA512WithRSA]";
const bareAddress = "invalid email address: make sure the supplied value only contains the email address itself";

/** Rules on subject, literalSubject and the names beside dnsNames. */
const badNames: BadSpec[] = [
  ["subject is a map", { subject: "O=Example" }, "spec.subject", 'Invalid value: "string": must be of type object'],
  [
    "subject has cert-manager's fields only",
    { subject: { organization: ["Example"] } },
    "spec.subject.organization",
    'unknown field "spec.subject.organization"',
  ],
  [
    "subject.organizations is a list",
    { subject: { organizations: "Example" } },
    "spec.subject.organizations",
    'Invalid value: "string": must be of type array',
  ],
  [
    "literalSubject excludes commonName",
    { literalSubject: "CN=a", commonName: "a" },
    "spec.commonName",
    'Invalid value: "a": When providing a `LiteralSubject` no `commonName` may be provided.',
  ],
  [
    "literalSubject excludes subject",
    { literalSubject: "CN=a", subject: { countries: ["DE"] } },
    "spec.subject",
    'Invalid value: "(object)": When providing a `LiteralSubject` no `Subject` properties may be provided.',
  ],
  [
    "literalSubject has pairs",
    literal("example.com"),
    "spec.literalSubject",
    unreadable("incomplete type, value pair", "example.com"),
  ],
  [
    "literalSubject has no empty pair",
    literal("CN=a,"),
    "spec.literalSubject",
    unreadable("incomplete type, value pair", "CN=a,"),
  ],
  [
    "literalSubject has types that cert-manager knows",
    literal("CN=a,emailAddress=b@c"),
    "spec.literalSubject",
    unreadable("Literal subject contains unrecognized key emailAddress with value [b@c]", "CN=a,emailAddress=b@c"),
  ],
  [
    "literalSubject has types in upper case",
    literal("cn=a"),
    "spec.literalSubject",
    unreadable("Literal subject contains unrecognized key cn with value [a]", "cn=a"),
  ],
  [
    "literalSubject has no value in hexadecimal, as in cert-manager",
    literal("CN=#0c0161"),
    "spec.literalSubject",
    unreadable(
      'unsupported distinguished name (DN): notation does not support x509.subject identities containing "=#"',
      "CN=#0c0161",
    ),
  ],
  [
    "literalSubject has escapes that mean something",
    literal("CN=a\\xb"),
    "spec.literalSubject",
    unreadable("failed to decode escaped character: \\x", "CN=a\\xb"),
  ],
  [
    "literalSubject has no lone backslash",
    literal("CN=a\\"),
    "spec.literalSubject",
    unreadable("failed to decode escaped character: \\", "CN=a\\"),
  ],
  [
    "literalSubject has its quotes escaped",
    literal('CN="a"'),
    "spec.literalSubject",
    unreadable("got unescaped character: '\"'", 'CN="a"'),
  ],
  [
    "literalSubject is UTF-8",
    literal("CN=\\ff"),
    "spec.literalSubject",
    unreadable("an escaped value must be UTF-8", "CN=\\ff"),
  ],
  [
    "a literal subject without a common name needs some name",
    literal("O=Example"),
    "spec",
    'Invalid value: "": at least one of commonName (from the commonName field or from a literalSubject), dnsNames, emailSANs, ipAddresses, otherNames, or uriSANs must be set',
  ],
  [
    "the common name of a literal subject is at most 64 long",
    literal(`CN=${"a".repeat(65)}`),
    "spec.commonName",
    "Too long: may not be more than 64 bytes",
  ],
  [
    "an IP address is one",
    { ipAddresses: ["192.0.2.1", "192.0.2.256"] },
    "spec.ipAddresses[1]",
    'Invalid value: "192.0.2.256": invalid IP address',
  ],
  [
    "an IP address has no zone",
    { ipAddresses: ["fe80::1%eth0"] },
    "spec.ipAddresses[0]",
    'Invalid value: "fe80::1%eth0": invalid IP address',
  ],
  [
    "a URI is printable ASCII",
    { uris: ["spiffe://example.com/ü"] },
    "spec.uris[0]",
    'Invalid value: "spiffe://example.com/ü": must be a URI of printable ASCII characters; others are written as %XX',
  ],
  [
    "an e-mail address stands alone",
    { emailAddresses: ["Ops <ops@example.com>"] },
    "spec.emailAddresses[0]",
    `Invalid value: "Ops <ops@example.com>": ${bareAddress}`,
  ],
  [
    "an e-mail address has a domain",
    { emailAddresses: ["ops"] },
    "spec.emailAddresses[0]",
    `Invalid value: "ops": ${bareAddress}`,
  ],
  [
    "an otherName has an oid",
    { otherNames: [{ utf8Value: "x" }] },
    "spec.otherNames[0].oid",
    "Required value: must be specified",
  ],
  [
    "an otherName's oid is dotted",
    { otherNames: [{ oid: "upn", utf8Value: "x" }] },
    "spec.otherNames[0].oid",
    'Invalid value: "upn": invalid oid syntax',
  ],
  [
    "an otherName's oid can be encoded",
    { otherNames: [{ oid: "1.40.1", utf8Value: "x" }] },
    "spec.otherNames[0].oid",
    'Invalid value: "1.40.1": invalid oid syntax',
  ],
  [
    "an otherName has a value",
    { otherNames: [{ oid: upn, utf8Value: "" }] },
    "spec.otherNames[0].utf8Value",
    "Required value: must be set to a valid non-empty UTF8 string",
  ],
];

/** Rules on what makes a CA, and on signatures. */
const badAuthorities: BadSpec[] = [
  ["isCA is a boolean", { isCA: "true" }, "spec.isCA", 'Invalid value: "string": must be of type boolean'],
  [
    "only a CA has nameConstraints",
    { nameConstraints: { permitted: { dnsDomains: ["example.com"] } } },
    "spec.nameConstraints",
    'Invalid value: "(object)": isCa should be true when nameConstraints is set',
  ],
  [
    "nameConstraints constrain something",
    { isCA: true, nameConstraints: { critical: true } },
    "spec.nameConstraints",
    'Invalid value: "(object)": either permitted or excluded must be set',
  ],
  [
    "an ipRange is CIDR",
    { isCA: true, nameConstraints: { excluded: { ipRanges: ["10.0.0.0/8", "10.0.0.0"] } } },
    "spec.nameConstraints.excluded.ipRanges[1]",
    'Invalid value: "10.0.0.0": invalid CIDR address',
  ],
  [
    "an ipRange is no longer than the address",
    { isCA: true, nameConstraints: { permitted: { ipRanges: ["10.0.0.0/33"] } } },
    "spec.nameConstraints.permitted.ipRanges[0]",
    'Invalid value: "10.0.0.0/33": invalid CIDR address',
  ],
  [
    "a dnsDomain is ASCII",
    { isCA: true, nameConstraints: { permitted: { dnsDomains: ["bücher.example"] } } },
    "spec.nameConstraints.permitted.dnsDomains[0]",
    'Invalid value: "bücher.example": must be printable ASCII',
  ],
  [
    "signatureAlgorithm is known",
    { signatureAlgorithm: "SHA1WithRSA" },
    "spec.signatureAlgorithm",
    'Unsupported value: "SHA1WithRSA": supported values: "SHA256WithRSA", "SHA384WithRSA", "SHA512WithRSA", "ECDSAWithSHA256", "ECDSAWithSHA384", "ECDSAWithSHA512", "PureEd25519"',
  ],
  [
    "signatureAlgorithm suits the key",
    { signatureAlgorithm: "ECDSAWithSHA256" },
    "spec.signatureAlgorithm",
    `Invalid value: "ECDSAWithSHA256": ${onlyRsa}`,
  ],
];

/** Rules on who and what a certificate is about. */
export const badIdentities: BadSpec[] = [...badNames, ...badAuthorities];
