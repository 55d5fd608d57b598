// What every page does: menus close by themselves, code can be copied.

addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details[data-menu][open]")) return;
  event.target.querySelector(".popover")?.scrollIntoView({ block: "nearest" });
}, true);

document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

/** Let the buttons in `root` copy the code beside them. */
export function copyable(root) {
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const code = button.parentElement.querySelector("code");
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = document.body.dataset.copied;
  } catch {
    getSelection().selectAllChildren(code);
    button.textContent = document.body.dataset.selected;
  }
  setTimeout(() => (button.textContent = before), 2500);
}

copyable(document);
