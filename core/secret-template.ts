import { invalidValue, quote } from "./field-fault.ts";
import type { Fields, FieldTable } from "./field-reader.ts";
import { labelValueProblem, qualifiedNameProblem } from "./kube-names.ts";

/** What the user wants written beside ours into the secret's metadata. */
export interface SecretTemplate {
  annotations: Record<string, string>;
  labels: Record<string, string>;
}

/** Names that a template put into a secret, or may have; sorted. */
export interface TemplateNames {
  annotations: string[];
  labels: string[];
}

/** The names of a template, and those of an earlier one; undefined when there is none. */
export function templateNames(
  { annotations, labels }: SecretTemplate,
  former?: TemplateNames,
): TemplateNames | undefined {
  const names = {
    annotations: [...new Set([...Object.keys(annotations), ...(former?.annotations ?? [])])].sort(),
    labels: [...new Set([...Object.keys(labels), ...(former?.labels ?? [])])].sort(),
  };
  return names.annotations.length + names.labels.length > 0 ? names : undefined;
}

const table: FieldTable = { annotations: "read", labels: "read" };
const mostAnnotationBytes = 256 * 1024;

/** Reads spec.secretTemplate with cert-manager's rules. */
export function readSecretTemplate(fields: Fields): SecretTemplate {
  const template = fields.map("secretTemplate", table);
  if (!template) return { annotations: {}, labels: {} };
  const annotations = template.textMap("annotations");
  const labels = template.textMap("labels");
  for (const name of Object.keys(annotations)) checkAnnotation(template, name);
  const size = Object.entries(annotations).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (size > mostAnnotationBytes) {
    template.fault(
      "annotations",
      `Too long: may not be more than ${mostAnnotationBytes} bytes`,
      "keep annotations small",
    );
  }
  checkLabels(labels, template.at("labels"), template);
  return { annotations, labels };
}

/** Faults for label keys and values that Kubernetes would refuse. */
export function checkLabels(labels: Record<string, string>, path: string, fields: Pick<Fields, "faultAt">): void {
  for (const [name, value] of Object.entries(labels)) {
    const keyProblem = qualifiedNameProblem(name);
    const valueProblem = labelValueProblem(value);
    if (keyProblem !== undefined) {
      fields.faultAt(path, invalidValue(quote(name), keyProblem), "write a key such as example.com/team or team");
    }
    if (valueProblem !== undefined) {
      fields.faultAt(path, invalidValue(quote(value), valueProblem), "write a short word, or use an annotation");
    }
  }
}

function checkAnnotation(template: Fields, name: string): void {
  const fix = "remove it: certwright writes these itself";
  if (name.startsWith("cert-manager.io/") && name !== "cert-manager.io/allow-direct-injection") {
    const message = invalidValue(quote(name), "cert-manager.io/* annotations are not allowed");
    template.fault("annotations", message, fix);
  }
  const problem = qualifiedNameProblem(name.toLowerCase());
  if (problem !== undefined) {
    template.fault("annotations", invalidValue(quote(name), problem), "write a key such as example.com/note");
  }
}
