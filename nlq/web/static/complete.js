// Completes names while they are typed: a listbox under the box, used with arrows, Enter, Tab and Escape.

const SHORTEST = 2;
const MOST = 8;
let names = null;

/** Let `list` offer the names of the catalogue that fit what is typed in `box`. */
export function completing(box, list) {
  let found = [];
  let at = -1;

  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-haspopup", "listbox");

  box.addEventListener("focus", () => (names ??= fetched()), { once: true });
  box.addEventListener("input", async () => {
    names ??= fetched();
    const typed = box.value.slice(0, box.selectionStart);
    found = fitting(await names, typed);
    if (typed === box.value.slice(0, box.selectionStart)) open();
  });
  box.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) take(found[at]);
    else return;
    event.preventDefault();
  });
  box.addEventListener("blur", () => setTimeout(close, 150));

  function open() {
    at = -1;
    list.replaceChildren(...found.map(option));
    list.hidden = found.length === 0;
    box.removeAttribute("aria-activedescendant");
  }

  function close() {
    found = [];
    open();
  }

  function option(match, index) {
    const item = document.createElement("li");
    item.id = `completion-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.append(Object.assign(document.createElement("span"), { textContent: match.name }));
    item.append(Object.assign(document.createElement("span"), { className: "muted small", textContent: match.kind }));
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      take(match);
    });
    return item;
  }

  function move(step) {
    at = (at + step + found.length) % found.length;
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    list.children[at].scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", list.children[at].id);
  }

  function take({ name, typed }) {
    const end = box.selectionStart;
    box.setRangeText(`${name} `, end - typed, end, "end");
    close();
    box.dispatchEvent(new Event("input"));
  }
}

async function fetched() {
  try {
    return await (await fetch("/names.json")).json();
  } catch {
    return [];
  }
}

/** The names that go on where the last one, two or three words of `text` begin; the longest beginning first. */
function fitting(all, text) {
  const words = text.split(/\s+/);
  for (const count of [3, 2, 1]) {
    if (words.length < count) continue;
    const start = words.slice(-count).join(" ");
    const folded = start.toLocaleLowerCase();
    if (folded.trim().length < SHORTEST || folded !== folded.trimStart()) continue;
    const matches = all.filter(({ name }) => begins(name.toLocaleLowerCase(), folded));
    if (matches.length > 0) return matches.slice(0, MOST).map((match) => ({ ...match, typed: start.length }));
  }
  return [];
}

function begins(name, typed) {
  return name !== typed && (name.startsWith(typed) || name.includes(` ${typed}`));
}
