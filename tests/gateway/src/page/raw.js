// JSON in a dialog, to read and to copy.

import { copier } from "./copy.js";
import { button, el, fresh } from "./dom.js";
import { t } from "./text.js";

/** Shows JSON under a title until it is closed. */
export function showJson(title, json) {
  const id = fresh("json");
  const dialog = el("dialog", { class: "wide-dialog", "aria-labelledby": id },
    el("h2", { id }, title),
    el("pre", { tabindex: "0", class: "tall" }, json),
    el("div", { class: "row end" }, copier(() => json), button(t("close"), () => dialog.close(), { autofocus: true })));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
