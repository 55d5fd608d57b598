// Brings an answer to life: its rows when it comes into view, sorting, charts, feedback, copying.

import { send, words } from "./api.js";
import { copyable } from "./frame.js";

/** Let everything in `turn` work that needs a script. */
export function enliven(turn) {
  copyable(turn);
  for (const table of turn.querySelectorAll("table[data-sortable]")) sortable(table);
  for (const chart of turn.querySelectorAll("[data-chart]")) whenSeen(chart, () => draw(chart));
  for (const place of turn.querySelectorAll("[data-load]")) whenSeen(place, () => load(place));
  for (const form of turn.querySelectorAll("[data-feedback]")) form.addEventListener("submit", tell);
}

function whenSeen(element, act) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    act();
  }, { rootMargin: "200px" });
  observer.observe(element);
}

/** Fetch the rows of an answer of the history; where that fails, the link to them stays. */
async function load(place) {
  try {
    const response = await send(place.dataset.load);
    const holder = document.createElement("template");
    holder.innerHTML = (await response.text()).trim();
    const result = holder.content.firstElementChild;
    place.replaceWith(result);
    enliven(result);
  } catch (problem) {
    place.replaceChildren(Object.assign(document.createElement("p"), { className: "note", textContent: problem.message }));
  }
}

async function draw(chart) {
  try {
    const { show } = await import("./chart.js");
    await show(chart);
  } catch {
    chart.hidden = true; // the table below says the same
  }
}

/** Let a click on a column's head sort the rows: numbers by size, the rest by name, empty cells last. */
function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, at) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: head.textContent });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const numeric = head.classList.contains("number");
      const rows = [...table.tBodies[0].rows].sort((a, b) => compare(value(a, at), value(b, at), numeric, down));
      table.tBodies[0].append(...rows);
    });
  });
}

function value(row, at) {
  return row.cells[at].dataset.value;
}

function compare(one, two, numeric, down) {
  if (one === "" || two === "") return (one === "") - (two === "");
  const order = numeric ? Number(one) - Number(two) : one.localeCompare(two, document.documentElement.lang);
  return down ? -order : order;
}

/** Send a thumb without leaving the page. */
async function tell(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const pressed = event.submitter;
  try {
    await send(form.action, { method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(new FormData(form, pressed)) });
    for (const menu of form.querySelectorAll("details[open]")) menu.open = false;
    form.querySelector('[value="right"]').setAttribute("aria-pressed", String(pressed.value === "right"));
    form.querySelector("summary").toggleAttribute("aria-current", pressed.value === "wrong");
    document.getElementById("announcer").textContent = words.thanks;
  } catch (problem) {
    form.append(Object.assign(document.createElement("p"), { className: "note trouble", textContent: problem.message }));
  }
}
