// Talks to the service. What comes back as HTML was written by the service's own templates, which escape all data.

/** A request that got no answer; `message` is a sentence for people, `lost` says that the line broke. */
export class Problem extends Error {
  constructor(message, lost = false) {
    super(message);
    this.lost = lost;
  }
}

export const words = document.getElementById("words")?.dataset ?? {};

/** Send `form` as `button` would; yields `{name, data}` for each event, the answer last. */
export async function* ask(address, fields) {
  const response = await send(address, { method: "POST", headers: { Accept: "text/event-stream" }, body: fields });
  if (response.redirected) {
    yield { name: "moved", data: response.url };
    return;
  }
  for await (const event of events(response.body)) {
    if (event.name === "problem") throw new Problem(event.data.detail);
    yield event;
    if (event.name === "answer") return;
  }
  throw new Problem(words.lost, true);
}

/** Fetch `address`; a response that is no success becomes a `Problem`. */
export async function send(address, options = {}) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Problem(words.unreachable, true);
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  throw new Problem(problem?.detail || words.status);
}

async function* events(body) {
  let text = "";
  for await (const piece of pieces(body.pipeThrough(new TextDecoderStream()))) {
    text += piece;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const event = parse(block);
      if (event) yield event;
    }
  }
}

async function* pieces(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Problem(words.lost, true);
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
