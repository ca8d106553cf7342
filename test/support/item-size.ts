import type { AttributeValue } from "@aws-sdk/client-dynamodb";

/** Bytes DynamoDB counts for an item (Developer Guide, "DynamoDB item sizes and formats"); 1,024 are one write unit. */
export function itemSize(item: Record<string, AttributeValue>): number {
  return sum(Object.entries(item).map(([name, value]) => Buffer.byteLength(name) + valueSize(value)));
}

function valueSize(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberSize(value.N);
  if (value.B !== undefined) return value.B.byteLength;
  if (value.SS !== undefined) return sum(value.SS.map((one) => Buffer.byteLength(one)));
  if (value.L !== undefined) return 3 + sum(value.L.map((one) => 1 + valueSize(one)));
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + itemSize(value.M);
  return 1;
}

/** Two digits to a byte without leading and trailing zeros, one byte more, and one for a minus. */
function numberSize(text: string): number {
  const digits = text
    .replace(/e.*$/i, "")
    .replace(/\D/g, "")
    .replace(/^0+|0+$/g, "");
  return Math.ceil(digits.length / 2) + 1 + (text.startsWith("-") ? 1 : 0);
}

function sum(sizes: number[]): number {
  return sizes.reduce((one, other) => one + other, 0);
}
