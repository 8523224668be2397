// The gallery of ready cards, and a box for one's own JSON from the card tool.

import { get } from "./api.js";
import { drawCard } from "./card.js";
import { button, el, fill, fresh } from "./dom.js";
import { member, parse, pretty } from "./json.js";
import { both, t } from "./text.js";

/** Opens the gallery; `send(card, unchecked)` puts a card into the conversation. */
export async function openGallery(send) {
  const head = fresh("gallery");
  const list = el("ul", { class: "examples" });
  const shown = el("div", { class: "example", inert: true });
  const area = el("textarea", { rows: "12", spellcheck: "false", class: "code", "aria-label": t("gallery.json") });
  const wrong = el("p", { class: "wrong", role: "alert" });
  const force = el("input", { type: "checkbox", id: fresh("force") });
  const dialog = el("dialog", { class: "gallery", "aria-labelledby": head },
    el("div", { class: "row" }, el("h2", { id: head, class: "grow" }, t("gallery.title")), button(t("close"), () => dialog.close())),
    el("div", { class: "split" }, list, el("div", { class: "stack" }, shown, el("label", { class: "quiet", for: area.id }, t("gallery.paste")), area, wrong,
      el("div", { class: "row end" }, el("label", { class: "row quiet" }, force, t("gallery.force")), button(t("gallery.send"), go, { class: "primary", id: "send-card" })))));
  dialog.addEventListener("close", () => dialog.remove());

  function card() {
    const found = parse(area.value);
    // The card tool's export and an answer to a click have the card inside.
    return member(found, "type") === "raw" ? member(found, "data") : member(found, "dsl") ?? member(found, "card") ?? found;
  }

  function draw() {
    const found = card();
    wrong.textContent = area.value.trim() !== "" && (found === undefined || found === null || typeof found !== "object") ? t("gallery.nojson") : "";
    fill(shown, found !== null && typeof found === "object" ? drawCard(found, { people: [], act: async () => false, tell: () => {}, fail: () => {} }) : null);
  }

  async function go() {
    draw();
    if (wrong.textContent !== "" || area.value.trim() === "") {
      area.focus();
      return;
    }
    try {
      await send(card(), force.checked);
      dialog.close();
    } catch (error) {
      wrong.textContent = error.message;
    }
  }

  area.addEventListener("input", draw);
  document.body.append(dialog);
  dialog.showModal();
  const examples = await get("cards").catch(() => []);
  fill(list, examples.map((it) => el("li", {}, button([both(it.name), el("span", { class: "chip c-grey" }, it.schema)], (event) => {
    for (const other of list.querySelectorAll("button")) other.setAttribute("aria-pressed", "false");
    event.currentTarget.setAttribute("aria-pressed", "true");
    area.value = pretty(it.card, 200000);
    draw();
  }, { "aria-pressed": "false", "data-card": it.id }))));
  list.querySelector("button")?.click();
  list.querySelector("button")?.focus();
}
