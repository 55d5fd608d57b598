// Draws charts with Vega-Lite, which is fetched with the first chart only. Expressions are interpreted, not
// compiled, so that the Content-Security-Policy can forbid code that is made of text.

const VEGA = new URL("./vega/", import.meta.url);
const LOCALES = {
  de: { decimal: ",", thousands: ".", grouping: [3], currency: ["", " €"] },
};
const TIMES = {
  de: {
    dateTime: "%A, der %e. %B %Y, %X", date: "%d.%m.%Y", time: "%H:%M:%S", periods: ["AM", "PM"],
    days: ["Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"],
    shortDays: ["So", "Mo", "Di", "Mi", "Do", "Fr", "Sa"],
    months: ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"],
    shortMonths: ["Jan", "Feb", "März", "Apr", "Mai", "Juni", "Juli", "Aug", "Sept", "Okt", "Nov", "Dez"],
  },
};

const NARROW = 480;

let loading = null;
let themes = null;
let interpreter = null;
const tip = Object.assign(document.createElement("div"), { className: "tooltip", hidden: true });

/** Draw the chart whose specification stands in `place`, and let its kind be switched. */
export async function show(place) {
  const spec = JSON.parse(place.querySelector("script").textContent);
  await (loading ??= load());
  const paint = (kind) => drawn(place, asKind(spec, kind));
  await paint(null);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint(place.dataset.kind));
  switchable(place, paint);
}

async function load() {
  await script("vega.min.js");
  await script("vega-lite.min.js");
  interpreter = (await import(new URL("vega-interpreter.js", VEGA))).expressionInterpreter;
  themes = await (await fetch("/charts/themes.json")).json();
  document.body.append(tip);
}

function script(name) {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement("script"), { src: new URL(name, VEGA), onload: resolve, onerror: reject });
    document.head.append(element);
  });
}

async function drawn(place, spec) {
  const { vega, vegaLite } = globalThis;
  const language = document.documentElement.lang;
  const sized = { ...spec, width: Math.max(240, place.clientWidth - 24), autosize: { type: "fit-x", contains: "padding" } };
  if (spec.encoding?.row) {
    delete sized.autosize; // facets cannot be fitted
    sized.width = Math.max(200, place.clientWidth - 90);
  }
  const theme = themes[isDark() ? "dark" : "light"];
  const legend = { ...theme.legend, columns: place.clientWidth < NARROW ? 2 : theme.legend.columns };
  const config = { ...theme, legend, locale: { number: LOCALES[language], time: TIMES[language] } };
  const compiled = vegaLite.compile(sized, { config }).spec;
  const view = new vega.View(vega.parse(compiled, null, { ast: true }), { expr: interpreter, renderer: "svg", hover: true });
  const canvas = document.createElement("div");
  await view.initialize(canvas).tooltip(tooltip).runAsync();
  for (const old of place.querySelectorAll(":scope > div")) old.remove();
  canvas.setAttribute("aria-hidden", "true"); // the frame has the description, the table the numbers
  place.append(canvas);
}

function asKind(spec, kind) {
  const view = spec.usermeta.nlq.views[kind];
  if (!view) return spec;
  const { mark, layer, encoding, height, resolve, ...rest } = spec;
  return { ...rest, ...view };
}

function switchable(place, paint) {
  const kinds = place.parentElement.querySelector("[data-kinds]");
  if (!kinds) return;
  kinds.hidden = false;
  kinds.addEventListener("click", (event) => {
    const kind = event.target.dataset.kind;
    if (!kind) return;
    for (const button of kinds.children) button.setAttribute("aria-pressed", String(button === event.target));
    place.dataset.kind = kind;
    for (const link of place.closest(".result").querySelectorAll("[data-picture]")) {
      link.search = `?${new URLSearchParams({ kind, theme: isDark() ? "dark" : "light" })}`;
    }
    paint(kind);
  });
}

function isDark() {
  const theme = document.documentElement.dataset.theme;
  return theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
}

function tooltip(_handler, event, _item, value) {
  tip.hidden = value === null || value === undefined || value === "";
  if (tip.hidden) return;
  tip.textContent = Object.entries(value).map(([name, text]) => `${name}: ${text}`).join("\n");
  const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  tip.style.left = `${left}px`;
  tip.style.top = `${Math.max(8, event.clientY - tip.offsetHeight - 12)}px`;
}
