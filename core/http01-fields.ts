import { invalidValue, quote, requiredValue } from "./field-fault.ts";
import type { Fields, FieldTable } from "./field-reader.ts";
import { subdomainProblem } from "./kube-names.ts";
import type { Solver } from "./solver.ts";

/** The ways that `http01` of a solver may name: cert-manager's two, and ours. */
export const http01Table: FieldTable = { ingress: "read", gatewayHTTPRoute: "read", lambda: "read" };
const ingressTable: FieldTable = {
  serviceType: "read",
  ingressClassName: "read",
  class: "read",
  name: "read",
  podTemplate: "read",
  ingressTemplate: "read",
};
const gatewayTable: FieldTable = { serviceType: "read", labels: "read", parentRefs: "read", podTemplate: "read" };
const lambdaTable: FieldTable = {};

/**
 * Reads `http01` of a solver with cert-manager's rules. How a cluster would route a challenge to a pod has no meaning here: all
 * of it is accepted, so that YAML written for a cluster applies, and the function serve-challenge answers.
 */
export function readHttp01(fields: Fields): NonNullable<Solver["http01"]> {
  const ways = Object.keys(http01Table).filter((way) => fields.isSet(way));
  if (ways.length === 0) {
    fields.faultAt(fields.path, requiredValue("no HTTP01 solver type configured"), "add lambda: {}");
  } else if (ways.length > 1) {
    const message = requiredValue("only 1 HTTP01 solver type may be configured");
    fields.faultAt(fields.path, message, `keep ${ways.join(" or ")}`);
  }
  const ingress = fields.map("ingress", ingressTable);
  const gateway = fields.map("gatewayHTTPRoute", gatewayTable);
  fields.map("lambda", lambdaTable);
  if (ingress) readIngress(ingress);
  if (gateway) readGateway(gateway);
  return {};
}

function readIngress(fields: Fields): void {
  const ingressClassName = fields.text("ingressClassName");
  const named = [ingressClassName, fields.text("class"), fields.text("name")];
  if (named.every((text) => text !== undefined)) {
    const message = "Forbidden: only one of 'ingressClassName', 'name' or 'class' should be specified";
    fields.faultAt(fields.path, message, "keep one of them: none has a meaning here");
  }
  const problem = ingressClassName === undefined ? undefined : subdomainProblem(ingressClassName);
  if (ingressClassName !== undefined && problem !== undefined) {
    const message = invalidValue(quote(ingressClassName), `must be a valid IngressClass name: ${problem}`);
    fields.fault("ingressClassName", message, "correct it, or remove it: it has no meaning here");
  }
  readServiceType(fields);
}

function readGateway(fields: Fields): void {
  readServiceType(fields);
  fields.textMap("labels");
  if (!fields.isSet("parentRefs")) {
    const message = requiredValue("at least 1 parentRef is required");
    fields.fault("parentRefs", message, "add one, or write lambda: {} instead of gatewayHTTPRoute");
  }
}

function readServiceType(fields: Fields): void {
  const type = fields.text("serviceType");
  if (type === undefined || type === "ClusterIP" || type === "NodePort") return;
  const message = invalidValue(quote(type), 'must be empty, "ClusterIP" or "NodePort"');
  fields.fault("serviceType", message, "remove it: it has no meaning here");
}
