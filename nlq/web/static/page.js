// The page's conversation: sends what is asked, shows what comes, keeps the conversation going.

import { ask, examples } from "./api.js";
import { Turn } from "./turn.js";

const STAGES = {
  linking: "Reading the question",
  prompting: "Reading the question",
  llm: "Asking the model",
  plan: "Writing the query",
  sql: "Checking the query",
  database: "Running the query",
  answer: "Writing the answer",
};

const byId = (id) => document.getElementById(id);
const box = byId("question");

let conversationId = null;
let firstExample = "";
let epoch = 0; // counts conversations, so that an answer that comes late does not join the next one
let busy = false;

async function submit(text) {
  const question = text.trim();
  if (!question || busy) return;
  const turn = begin(question);
  const mine = epoch;
  try {
    for await (const event of ask(question, conversationId)) {
      if (mine !== epoch) return;
      if (event.name === "stage") turn.stage(STAGES[event.data.stage] || event.data.stage);
      else if (event.name !== "started") finish(turn, event.data);
    }
  } catch (error) {
    if (mine !== epoch) return;
    turn.problem(error.message);
    announce(error.message);
  } finally {
    if (mine === epoch) setBusy(false);
  }
}

function begin(question) {
  const turn = new Turn(question, { ask: submit, copy });
  document.body.classList.add("talking");
  for (const id of ["restart", "turns-title"]) byId(id).hidden = false;
  byId("turns").append(turn.element);
  box.value = "";
  invite();
  grow();
  setBusy(true);
  announce("Working on it");
  turn.element.scrollIntoView({ block: "start", behavior: "smooth" });
  return turn;
}

function finish(turn, answer) {
  conversationId = answer.conversation_id;
  turn.answer(answer);
  announce(answer.text);
  turn.element.scrollIntoView({ block: "start", behavior: "smooth" });
}

function restart() {
  epoch += 1;
  conversationId = null;
  setBusy(false);
  byId("turns").replaceChildren();
  document.body.classList.remove("talking");
  for (const id of ["restart", "turns-title"]) byId(id).hidden = true;
  invite();
  box.focus();
}

/** Show in the empty box what can be typed there. */
function invite() {
  box.placeholder = document.body.classList.contains("talking") ? "Ask a follow-up" : firstExample;
}

function setBusy(state) {
  busy = state;
  document.body.classList.toggle("waiting", state);
  byId("ask").setAttribute("aria-disabled", String(state));
}

function announce(text) {
  byId("announcer").textContent = text;
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    button.textContent = "Selected: press Ctrl+C";
  }
  announce(button.textContent);
  setTimeout(() => (button.textContent = "Copy"), 2500);
}

/** Let the box be as high as its text. */
function grow() {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

async function showExamples() {
  const questions = await examples();
  if (questions.length === 0) return;
  firstExample = questions[0];
  invite();
  byId("example-list").append(...questions.map(example));
  byId("examples").hidden = false;
}

function example(question) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = question;
  button.addEventListener("click", () => submit(question));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  submit(box.value);
});
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit(box.value);
});
box.addEventListener("input", grow);
byId("restart").addEventListener("click", restart);
showExamples();
