// A conversation: every form that asks is sent as a stream, so that what is being done shows while it is done.

import { ask, Problem, send, words } from "./api.js";
import { completing } from "./complete.js";
import { enliven } from "./turn.js";

const STAGES = JSON.parse(words.stages);
const POLL_MS = 1000;

const byId = (id) => document.getElementById(id);
const box = byId("question");
const composer = byId("composer");
let busy = false;

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-asks]")) return;
  event.preventDefault();
  if (busy) return;
  const fields = new URLSearchParams(new FormData(event.target, event.submitter));
  const text = fields.get("question") ?? event.submitter?.textContent.trim() ?? "";
  if (fields.has("question") && !text.trim()) return;
  if (!fields.get("conversation_id") && !fields.has("slot") && !fields.has("edits")) {
    fields.set("conversation_id", composer.elements.conversation_id.value);
  }
  fields.set("token", newToken());
  run(event.target.action, fields, text);
});

/** Ask, show the stages, then the answer; `turn` is asked again in its own place. */
async function run(address, fields, text, turn = begin(text)) {
  setBusy(true);
  const clock = ticking(turn);
  let started = null;
  try {
    for await (const { name, data } of ask(address, fields)) {
      if (name === "moved") return location.assign(data);
      if (name === "started") started = begun(turn, data);
      if (name === "stage") part(turn, "stage").textContent = STAGES[data.stage] ?? data.stage;
      if (name === "answer") finish(turn, data.html, data.text);
    }
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (started && problem.lost) await follow(turn, started);
    else fail(turn, problem.message, () => run(address, fields, text, revived(turn, text)));
  } finally {
    clearInterval(clock);
    setBusy(false);
  }
}

/** Wait for a question that is worked on without a stream: after a reload, or when the line broke. */
async function follow(turn, place) {
  for (;;) {
    try {
      const response = await send(`${place}/turn`);
      const html = await response.text();
      if (response.status === 200) return finish(turn, html, "");
    } catch (problem) {
      if (!problem.lost) return fail(turn, problem.message, () => location.reload());
      say(turn, problem.message);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function begin(text) {
  const turn = clone("turn-template");
  part(turn, "question").textContent = text;
  byId("turns").append(turn);
  document.body.classList.add("talking");
  byId("turns-title").hidden = false;
  box.value = "";
  box.placeholder = words.follow;
  grow();
  announce(words.working);
  turn.scrollIntoView({ block: "start", behavior: "smooth" });
  return turn;
}

/** The turn as it was before it failed. */
function revived(turn, text) {
  const again = clone("turn-template");
  part(again, "question").textContent = text;
  turn.replaceWith(again);
  return again;
}

/** The question is in the history now: it can be stopped, linked to, and found again after a reload. */
function begun(turn, { id, conversation_id: conversation }) {
  composer.elements.conversation_id.value = conversation;
  const here = `/conversations/${conversation}`;
  if (location.pathname !== here) {
    history.pushState({}, "", here);
    named(here, part(turn, "question").textContent);
  }
  const place = `${here}/answers/${id}`;
  const stop = part(turn, "stop");
  stop.addEventListener("click", async () => {
    stop.disabled = true;
    part(turn, "stage").textContent = words.stopping;
    const fields = new URLSearchParams({ csrf_token: composer.elements.csrf_token.value });
    await send(`${place}/stop`, { method: "POST", headers: { Accept: "application/json" }, body: fields }).catch(() => {});
  });
  stop.hidden = false;
  return place;
}

/** Show what can be done with the conversation that has just begun. */
function named(here, name) {
  const head = byId("talk-head");
  for (const form of head.querySelectorAll("form")) form.action = `${here}/${form.action.split("/").pop()}`;
  head.querySelector("[name=name]").value = part(head, "name").textContent = name;
  head.hidden = false;
}

function finish(turn, html, text) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  const done = holder.content.firstElementChild;
  turn.replaceWith(done);
  enliven(done);
  announce(text || done.querySelector(".sentence")?.textContent || "");
  done.scrollIntoView({ block: "start", behavior: "smooth" });
}

function fail(turn, message, again) {
  const card = clone("problem-template");
  part(card, "text").textContent = message;
  part(card, "again").addEventListener("click", again);
  turn.querySelector(".busy, .answer").replaceWith(card);
  announce(message);
}

function say(turn, message) {
  const stage = part(turn, "stage") ?? turn.querySelector(".busy span:nth-child(2)");
  if (stage) stage.textContent = message;
}

function ticking(turn) {
  const began = performance.now();
  part(turn, "stop").hidden = true;
  return setInterval(() => {
    const elapsed = part(turn, "elapsed");
    if (elapsed) elapsed.textContent = `${((performance.now() - began) / 1000).toFixed(1)} s`;
  }, 100);
}

function setBusy(state) {
  busy = state;
  composer.querySelector("button").setAttribute("aria-disabled", String(state));
}

function announce(text) {
  byId("announcer").textContent = text;
}

/** Let the box be as high as its text. */
function grow() {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

function newToken() {
  return crypto.randomUUID?.() ?? `${Date.now()}${Math.random()}`;
}

function clone(id) {
  return byId(id).content.firstElementChild.cloneNode(true);
}

function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`);
}

completing(box, byId("completions"));
box.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});
box.addEventListener("input", grow);
addEventListener("popstate", () => location.reload());
for (const turn of document.querySelectorAll(".turn")) {
  if ("running" in turn.dataset) follow(turn, turn.dataset.running);
  else enliven(turn);
}
const share = document.querySelector("[data-share]");
if (share) {
  share.hidden = false;
  share.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href.split(/[?#]/)[0]);
    share.textContent = words.copied;
  });
}
