import { badCertificates } from "../support/chaos/acme-certificates.ts";
import { refusesFirst, refusesRenewal } from "../support/chaos/acme-refusals.ts";
import { refusesFirstOnStack, refusesRenewalOnStack } from "../support/chaos/acme-refusals-stack.ts";
import { atOwnCa } from "../support/chaos/acme-rows.ts";
import { onWire } from "../support/chaos/acme-wire.ts";
import { chaosTable } from "../support/chaos/rows.ts";
import { openBed } from "../support/integration-bed.ts";

const bed = openBed();

/** What the stack is shown too: read, and refused when the secret is to be written. */
const onStack = badCertificates.filter(({ unreadable, renewalOnly }) => !unreadable && !renewalOnly);
const slug = (what: string) => what.replaceAll(/\W+/g, "-").slice(0, 24).replace(/-$/, "");

chaosTable("The first certificate is bad (in memory, virtual clock)", [
  ...badCertificates
    .filter(({ renewalOnly }) => !renewalOnly)
    .map((bad) => ({
      fault: `it comes ${bad.what}`,
      expected: bad.unreadable
        ? "Refused with the reason, no secret is written; the same order is asked again, and then it is Ready."
        : "Refused with the reason, no secret is written; the next attempt is Ready.",
      run: onWire((wire) => refusesFirst(wire, bad)),
    })),
]);

chaosTable("The renewed certificate is bad (in memory, virtual clock)", [
  ...badCertificates.map((bad) => ({
    fault: `it comes ${bad.what}`,
    expected: "Refused with the reason; the old secret stays byte for byte, and Ready; the next try renews it.",
    quick: bad.renewalOnly === true,
    run: onWire((wire) => refusesRenewal(wire, bad)),
  })),
]);

chaosTable("The certificate is bad", [
  ...onStack.flatMap((bad) => [
    {
      fault: `the first one comes ${bad.what}`,
      expected: "Refused with the reason, no secret is written; `certwright renew` makes it Ready.",
      run: atOwnCa(bed, `first-${slug(bad.what)}`, (ca) => refusesFirstOnStack(ca, bad)),
    },
    {
      fault: `a renewed one comes ${bad.what}`,
      expected:
        "Refused with the reason; the old secret stays byte for byte, and Ready; `certwright renew` replaces it.",
      run: atOwnCa(bed, `next-${slug(bad.what)}`, (ca) => refusesRenewalOnStack(ca, bad)),
    },
  ]),
]);
