import type { BadSpec } from "./bad-objects.ts";

const solver = "spec.acme.solvers[0]";
const http01 = (fields: object) => ({ solvers: [{ http01: fields }] });
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

/** HTTP01 solvers that cert-manager refuses, and the fault of each. */
export const badHttp01: BadSpec[] = [
  ["http01 has a way", http01({}), `${solver}.http01`, "Required value: no HTTP01 solver type configured"],
  [
    "http01 has one way only",
    http01({ ingress: {}, lambda: {} }),
    `${solver}.http01`,
    "Required value: only 1 HTTP01 solver type may be configured",
  ],
  [
    "a solver is of one type",
    { solvers: [{ http01: { ingress: {} }, dns01: { route53: {} } }] },
    solver,
    "Forbidden: may not specify more than one solver type in a single solver",
  ],
  [
    "an ingress is named in one way",
    http01({ ingress: { class: "nginx", ingressClassName: "nginx", name: "web" } }),
    `${solver}.http01.ingress`,
    "Forbidden: only one of 'ingressClassName', 'name' or 'class' should be specified",
  ],
  [
    "an ingressClassName is the name of one",
    http01({ ingress: { ingressClassName: "azure/application-gateway" } }),
    `${solver}.http01.ingress.ingressClassName`,
    `Invalid value: "azure/application-gateway": must be a valid IngressClass name: ${subdomain}`,
  ],
  [
    "a serviceType is one that cert-manager knows",
    http01({ ingress: { serviceType: "LoadBalancer" } }),
    `${solver}.http01.ingress.serviceType`,
    'Invalid value: "LoadBalancer": must be empty, "ClusterIP" or "NodePort"',
  ],
  [
    "a gatewayHTTPRoute has parentRefs",
    http01({ gatewayHTTPRoute: { labels: { team: "web" } } }),
    `${solver}.http01.gatewayHTTPRoute.parentRefs`,
    "Required value: at least 1 parentRef is required",
  ],
  [
    "a misspelt field of an ingress is none",
    http01({ ingress: { ingresClassName: "nginx" } }),
    `${solver}.http01.ingress.ingresClassName`,
    `unknown field "${solver}.http01.ingress.ingresClassName"`,
  ],
];
