/** A cron expression of five fields; the last two are joined by "or" when both are restricted, as in cron(5). */
export interface Cron {
  minutes: number[];
  hours: number[];
  daysOfMonth: Set<number>;
  months: Set<number>;
  /** 0 is Sunday. */
  daysOfWeek: Set<number>;
  /** True when one of the two day fields is a star: then both must match. */
  bothDays: boolean;
}

interface Field {
  name: string;
  least: number;
  most: number;
  /** Names of the values from `least` on. */
  words?: string[];
}

const fields: Field[] = [
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day of month", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, words: "jan feb mar apr may jun jul aug sep oct nov dec".split(" ") },
  { name: "day of week", least: 0, most: 6, words: "sun mon tue wed thu fri sat".split(" ") },
];

/** Reads what cert-manager reads: numbers, names, `*`, `?`, lists, ranges and steps; no seconds, no `@daily`, no Sunday as 7. */
export function parseCron(text: string): { cron: Cron } | { problem: string } {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length !== fields.length) return { problem: `expected exactly 5 fields, found ${words.length}` };
  const read = fields.map((field, index) => readField(words[index] ?? "", field));
  const bad = read.find((one) => "problem" in one);
  if (bad && "problem" in bad) return bad;
  const [minutes, hours, days, months, weekdays] = read.map((one) => ("values" in one ? one : nothing));
  const values = (one: Values | undefined) => one?.values ?? [];
  return {
    cron: {
      minutes: values(minutes),
      hours: values(hours),
      daysOfMonth: new Set(values(days)),
      months: new Set(values(months)),
      daysOfWeek: new Set(values(weekdays)),
      bothDays: days?.isStar === true || weekdays?.isStar === true,
    },
  };
}

interface Values {
  /** Ascending, each once. */
  values: number[];
  isStar: boolean;
}

const nothing: Values = { values: [], isStar: false };

function readField(text: string, field: Field): Values | { problem: string } {
  const values = new Set<number>();
  let isStar = false;
  for (const part of text.split(",")) {
    const range = readRange(part, field);
    if ("problem" in range) return { problem: `${field.name} "${text.slice(0, 40)}": ${range.problem}` };
    isStar ||= range.isStar && range.step === 1;
    for (let value = range.first; value <= range.last; value += range.step) values.add(value);
  }
  return { values: [...values].sort((a, b) => a - b), isStar };
}

type Range = { first: number; last: number; step: number; isStar: boolean };

/** `*`, `5`, `5-10`, `mon-fri`, each with `/step`; `5/15` goes on to the end, as `5-59/15`. */
function readRange(part: string, field: Field): Range | { problem: string } {
  const [range = "", stepText, ...more] = part.split("/");
  const [from = "", to, ...rest] = range.split("-");
  const isStar = range === "*" || range === "?";
  if (more.length > 0 || rest.length > 0) return { problem: "has too many slashes or hyphens" };
  const step = stepText === undefined ? 1 : numberOf(stepText);
  const first = isStar ? field.least : valueIn(from, field);
  const open = isStar || stepText !== undefined ? field.most : first;
  const last = to === undefined ? open : valueIn(to, field);
  if (first === undefined || last === undefined || step === undefined) return { problem: "is not a number or a name" };
  if (step === 0) return { problem: "has a step that is not positive" };
  if (first < field.least || last > field.most) return { problem: `is not within ${field.least} to ${field.most}` };
  return first > last ? { problem: "begins after its end" } : { first, last, step, isStar };
}

function valueIn(text: string, { least, words }: Field): number | undefined {
  const word = words?.indexOf(text.toLowerCase()) ?? -1;
  return word < 0 ? numberOf(text) : word + least;
}

function numberOf(text: string): number | undefined {
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}

/** Whether the schedule names this day of the proleptic calendar; `month` is 1 to 12. */
export function namesDay(cron: Cron, year: number, month: number, day: number): boolean {
  if (!cron.months.has(month)) return false;
  const ofMonth = cron.daysOfMonth.has(day);
  const ofWeek = cron.daysOfWeek.has(new Date(Date.UTC(year, month - 1, day)).getUTCDay());
  return cron.bothDays ? ofMonth && ofWeek : ofMonth || ofWeek;
}
