import { invalidValue, quote, requiredValue } from "../field-fault.ts";
import type { Fields, FieldTable } from "../field-reader.ts";
import { labelProblem, labelValueProblem, qualifiedNameProblem } from "../kube-names.ts";
import { checkLabels } from "../secret-template.ts";
import type { LabelSelector } from "./cluster.ts";

/** The fields of a label selector. */
export const selectorTable: FieldTable = { matchLabels: "read", matchExpressions: "read" };
const expressionTable: FieldTable = { key: "read", operator: "read", values: "read" };
const operators = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

type Expression = LabelSelector["matchExpressions"][number];

/** Reads a label selector with Kubernetes' rules; undefined when there is none. */
export function readSelector(fields: Fields, field: string): LabelSelector | undefined {
  const selector = fields.map(field, selectorTable);
  return selector && readSelectorParts(selector);
}

/** Reads the parts of a label selector among other fields. */
export function readSelectorParts(selector: Fields): LabelSelector {
  const matchLabels = selector.textMap("matchLabels");
  checkLabels(matchLabels, selector.at("matchLabels"), selector);
  return { matchLabels, matchExpressions: selector.maps("matchExpressions", expressionTable).map(readExpression) };
}

/** A list of namespaces, or undefined when nothing is said; an empty list is one: a fence that lets nobody through. */
export function readNamespaces(fields: Fields, field: string, { all = false } = {}): string[] | undefined {
  if (fields.is(field, undefined)) return undefined;
  const names = fields.texts(field).map(({ path, text }) => {
    const problem = all && text === "*" ? undefined : labelProblem(text);
    if (problem !== undefined)
      fields.faultAt(path, invalidValue(quote(text), problem), "write a namespace such as web");
    return text;
  });
  return [...new Set(names)];
}

function readExpression(fields: Fields): Expression {
  const key = fields.text("key");
  const problem = key === undefined ? undefined : qualifiedNameProblem(key);
  const fix = "write the key of a label, such as team or example.com/team";
  if (!fields.isSet("key")) fields.fault("key", requiredValue("must be specified"), fix);
  if (problem !== undefined) fields.fault("key", invalidValue(quote(key ?? ""), problem), fix);
  if (!fields.isSet("operator")) {
    fields.fault("operator", requiredValue("must be specified"), `write one of ${operators.join(", ")}`);
  }
  const operator = fields.oneOf("operator", operators);
  return { key: key ?? "", operator: operator ?? "Exists", values: readValues(fields, operator) };
}

function readValues(fields: Fields, operator: Expression["operator"] | undefined): string[] {
  const values = fields.texts("values").map(({ path, text }) => {
    const problem = labelValueProblem(text);
    if (problem !== undefined) fields.faultAt(path, invalidValue(quote(text), problem), "write the value of a label");
    return text;
  });
  if ((operator === "In" || operator === "NotIn") && !fields.isSet("values")) {
    const message = requiredValue("must be specified when `operator` is 'In' or 'NotIn'");
    fields.fault("values", message, "list the values, or use Exists or DoesNotExist");
  }
  if ((operator === "Exists" || operator === "DoesNotExist") && fields.isSet("values")) {
    const message = "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    fields.fault("values", message, "remove it, or use In or NotIn");
  }
  return values;
}
