// A sample of each type of event, to change and to push to the bot.

import { get, post } from "./api.js";
import { button, el, fill, fresh } from "./dom.js";
import { parse, pretty } from "./json.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

/** Opens the samples of events; `app()` is the id of the app that they are pushed to. */
export async function openEvents(app) {
  const head = fresh("events");
  const find = el("input", { type: "search", "aria-label": t("events.find"), placeholder: t("events.find") });
  const list = el("ul", { class: "examples" });
  const area = el("textarea", { rows: "24", spellcheck: "false", class: "code", id: fresh("event") });
  const wrong = el("p", { class: "wrong", role: "alert" });
  const dialog = el("dialog", { class: "gallery", "aria-labelledby": head },
    el("div", { class: "row" }, el("h2", { id: head, class: "grow" }, t("events.title")), button(t("close"), () => dialog.close())),
    el("div", { class: "split" }, el("div", { class: "stack" }, find, list), el("div", { class: "stack" }, el("label", { class: "quiet", for: area.id }, t("events.body")), area, wrong,
      el("div", { class: "row end" }, button(t("events.send"), go, { class: "primary", id: "send-event" })))));
  dialog.addEventListener("close", () => dialog.remove());
  let chosen = null;

  async function go() {
    const body = parse(area.value);
    if (chosen === null || body === null || typeof body !== "object") {
      wrong.textContent = t("events.nojson");
      area.focus();
      return;
    }
    wrong.textContent = "";
    try {
      const outcome = await post("event", { app_id: app(), type: chosen.type, schema: chosen.schema, event: body });
      toast(outcome.code === 200 ? "success" : "error", `${chosen.type}: ${outcome.code ?? t("outcome.lost")}`);
    } catch (error) {
      wrong.textContent = error.message;
    }
  }

  document.body.append(dialog);
  dialog.showModal();
  const samples = await get("events").catch(() => ({}));
  const rows = Object.entries(samples).map(([type, it]) => el("li", {}, button(type, (event) => {
    for (const other of list.querySelectorAll("button")) other.setAttribute("aria-pressed", "false");
    event.currentTarget.setAttribute("aria-pressed", "true");
    chosen = { type, schema: it.schema };
    area.value = pretty(it.event, 200000);
    wrong.textContent = "";
  }, { "aria-pressed": "false", "data-event": type })));
  fill(list, rows);
  find.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.includes(wanted);
  });
  rows[0]?.querySelector("button").click();
  find.focus();
}
