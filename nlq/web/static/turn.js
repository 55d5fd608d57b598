// One question with its answer on the page. Text is only ever set as text, never as HTML.

import { duration, formatter, heading, isNumeric, seconds } from "./format.js";

const KINDS = {
  clarify: "A question back",
  refused: "Not something this data can answer",
  failed: "That did not work",
};

const METHODS = {
  plan: "query plan",
  sql: "SQL written by the model",
  verified: "verified example",
};

const LONG_TEXT = 32; // characters from which on a cell may have several lines

/** A question on the page that waits for its answer; `actions` are `ask(text)` and `copy(text)`. */
export class Turn {
  constructor(question, actions) {
    this.question = question;
    this.actions = actions;
    this.element = clone("turn-template");
    this.busy = part(this.element, "busy");
    part(this.element, "question").textContent = question;
    this.started = performance.now();
    this.timer = setInterval(() => this.tick(), 100);
  }

  /** Say what is being done for the question right now. */
  stage(words) {
    part(this.busy, "stage").textContent = words;
  }

  /** Show the answer. */
  answer(answer) {
    const view = this.show(answer.status, answer.text);
    view.classList.toggle("truncated", answer.truncated);
    fill(part(view, "warnings"), answer.warnings, (text) => element("li", text));
    fill(part(view, "choices"), choices(answer), (text) => this.choice(text));
    showTable(view, answer);
    showSource(view, answer, this.actions.copy);
    part(view, "meta").textContent = meta(answer);
  }

  /** Show that there is no answer, and why. */
  problem(sentence) {
    const view = this.show("failed", sentence);
    for (const name of ["warnings", "choices", "frame", "count", "reading", "source"]) part(view, name).remove();
  }

  show(status, sentence) {
    clearInterval(this.timer);
    const view = clone("answer-template");
    view.classList.add(status);
    part(view, "sentence").textContent = sentence;
    setOrRemove(part(view, "kind"), KINDS[status]);
    const retry = part(view, "retry");
    if (status === "failed") retry.addEventListener("click", () => this.actions.ask(this.question));
    else retry.remove();
    this.busy.replaceWith(view);
    return view;
  }

  choice(text) {
    const button = element("button", text);
    button.type = "button";
    button.addEventListener("click", () => this.actions.ask(text));
    const item = element("li");
    item.append(button);
    return item;
  }

  tick() {
    part(this.busy, "elapsed").textContent = seconds(performance.now() - this.started);
  }
}

/** The questions that a clarifying answer offers: its rows' first cells. */
function choices(answer) {
  return answer.status === "clarify" ? answer.rows.map((row) => String(row[0])) : [];
}

function showTable(view, answer) {
  const count = part(view, "count");
  if (answer.status !== "answered" || answer.columns.length === 0 || answer.rows.length === 0) {
    part(view, "frame").remove();
    count.remove();
    return;
  }
  part(view, "caption").textContent = answer.interpretation || answer.question;
  fill(part(view, "heads"), answer.columns, headCell);
  const writers = answer.columns.map((column, i) => formatter(column, answer.rows.map((row) => row[i])));
  fill(part(view, "rows"), answer.rows, (row) => tableRow(row, answer.columns, writers));
  setOrRemove(count, countWords(answer));
}

function countWords({ rows, truncated }) {
  const number = rows.length.toLocaleString("en");
  if (truncated) return `Only the first ${number} rows are shown; the result has more.`;
  return rows.length > 10 ? `${number} rows` : "";
}

function headCell(column) {
  const cell = element("th", heading(column.name));
  cell.scope = "col";
  cell.classList.toggle("number", isNumeric(column));
  return cell;
}

function tableRow(row, columns, writers) {
  const line = element("tr");
  row.forEach((value, i) => {
    const cell = element("td", writers[i](value));
    cell.classList.toggle("number", isNumeric(columns[i]));
    cell.classList.toggle("long", cell.textContent.length > LONG_TEXT);
    line.append(cell);
  });
  return line;
}

function showSource(view, answer, copy) {
  if (answer.interpretation) part(view, "interpretation").textContent = answer.interpretation;
  else part(view, "reading").remove();
  if (!answer.sql) {
    part(view, "source").remove();
    return;
  }
  part(view, "sql").textContent = answer.sql;
  part(view, "copy").addEventListener("click", (event) => copy(answer.sql, event.currentTarget));
}

function meta(answer) {
  const facts = [duration(answer.timing.total_ms), METHODS[answer.method], answer.model, `No. ${answer.id}`];
  return facts.filter(Boolean).join("  ·  ");
}

function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`);
}

/** Put one child for each item into `parent`; an empty list is taken off the page. */
function fill(parent, items, child) {
  if (items.length === 0) parent.remove();
  else parent.append(...items.map(child));
}

function setOrRemove(target, text) {
  if (text) target.textContent = text;
  else target.remove();
}

function element(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
