// Turns the values of a column into what people read.

const UNGROUPED = /^((fiscal|iso)_)?(year|quarter|month|week|day)$|^(.*_)?id$/i;
const MOST_DECIMALS = 2;
const MOST_DECIMALS_OF_SMALL = 4;
const LANGUAGE = "en";

/** Whether the values of `column` are numbers, to be set flush right. */
export function isNumeric(column) {
  return column.type === "number" || column.type === "integer";
}

/** A column's name as a heading: `conversion_rate` becomes `Conversion rate`, `kpi` `KPI`. */
export function heading(name) {
  const words = name.replaceAll("_", " ").replace(/\bkpi\b/gi, "KPI").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A function that writes any of the `values` of `column`, numbers with equally many decimals. */
export function formatter(column, values) {
  const write = writerFor(column, values);
  return (value) => {
    if (value === null) return "–";
    if (typeof value === "boolean") return value ? "Yes" : "No";
    return write(value);
  };
}

/** Milliseconds as seconds with one decimal. */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** How long something took: `39 ms`, `2.3 s`. */
export function duration(milliseconds) {
  return milliseconds < 100 ? `${milliseconds} ms` : seconds(milliseconds);
}

function writerFor(column, values) {
  if (isNumeric(column)) return numberWriter(column, values);
  return column.type === "timestamp" ? moment : String;
}

/** An ISO 8601 moment without what is zero: `2026-11-09 14:00`. */
function moment(value) {
  return String(value).replace("T", " ").replace(/(:\d\d):00(?=$|[Z+-])/, "$1").replace(/ 00:00$/, "");
}

function numberWriter(column, values) {
  const numbers = values.filter((value) => typeof value === "number");
  const digits = decimals(numbers);
  const format = new Intl.NumberFormat(LANGUAGE, {
    useGrouping: !UNGROUPED.test(column.name),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return (value) => (typeof value === "number" ? format.format(value) : String(value));
}

function decimals(numbers) {
  const small = numbers.length > 0 && numbers.every((number) => Math.abs(number) < 1);
  const most = small ? MOST_DECIMALS_OF_SMALL : MOST_DECIMALS;
  return Math.max(0, ...numbers.map((number) => written(number, most)));
}

function written(number, most) {
  return (String(Number(number.toFixed(most))).split(".")[1] || "").length;
}
