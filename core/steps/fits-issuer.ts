import { signsAtOnce } from "../issuer.ts";
import type { Step } from "../status.ts";
import { Superseded, type Work } from "./work.ts";

/**
 * An issuer that orders and one that signs at once lead different ways: who is on the one is overtaken when his issuer goes the
 * other. Answers who goes on, and what becomes of the others. What is issued by then is written all the same.
 */
export function splitByIssuer(works: Work[], step: Step): { fitting: Work[]; overtaken: [string, Superseded][] } {
  const fits = ({ row, issuer }: Work) => step === "write-secret" || signsAtOnce(issuer) === (row.signs ?? false);
  const others = works.filter((work) => !fits(work));
  return {
    fitting: works.filter(fits),
    overtaken: others.map(({ ref }) => [ref.attemptId, new Superseded("the issuer is of another type now")]),
  };
}
