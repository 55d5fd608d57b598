// Talks to the HTTP interface. Everything that comes back is data and is shown as text only.

/** A question that got no answer; `message` is a sentence for the person who asked. */
export class Problem extends Error {}

const UNREACHABLE = "The service cannot be reached. Check your connection and try again.";

/** Ask `question`; yields `{name: "stage" | "answer", data}` as it comes, the answer last. */
export async function* ask(question, conversationId) {
  const response = await send("/api/v1/ask", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "Accept": "text/event-stream",
      "NLQ-Channel": "web",
    },
    body: JSON.stringify({ question, conversation_id: conversationId }),
  });
  for await (const event of events(response.body)) {
    if (event.name === "problem") throw new Problem(event.data.detail);
    yield event;
    if (event.name === "answer") return;
  }
  throw new Problem("The answer broke off. Please ask again.");
}

/** Example questions, made by the server from the names in the catalogue; none if it cannot say. */
export async function examples() {
  try {
    const response = await send("/api/v1/catalog", { headers: { "Accept": "application/json" } });
    return (await response.json()).examples;
  } catch {
    return [];
  }
}

async function send(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Problem(UNREACHABLE);
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  throw new Problem(problem?.detail || `The service answered with status ${response.status}. Please try again.`);
}

async function* events(body) {
  let text = "";
  for await (const piece of chunks(body.pipeThrough(new TextDecoderStream()))) {
    text += piece;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const event = parse(block);
      if (event) yield event;
    }
  }
}

async function* chunks(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Problem(UNREACHABLE);
    });
    if (done) return;
    yield value;
  }
}

function parse(block) {
  const fields = Object.fromEntries(
    block.split("\n").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
  return fields.event ? { name: fields.event, data: JSON.parse(fields.data) } : null;
}
