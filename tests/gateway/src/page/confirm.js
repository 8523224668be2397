// The question before an operation, in a dialog that holds the focus.

import { button, el, fresh } from "./dom.js";
import { t } from "./text.js";

/** Asks; true when the user confirms. */
export function confirmed(title, body) {
  return new Promise((resolve) => {
    const [head, words] = [fresh("ask"), fresh("ask")];
    const dialog = el("dialog", { class: "ask", "aria-labelledby": head, "aria-describedby": words },
      el("h2", { id: head }, title || t("ask.title")),
      el("p", { id: words }, body),
      el("div", { class: "row end" },
        button(t("ask.no"), () => dialog.close("no")),
        button(t("ask.yes"), () => dialog.close("yes"), { class: "primary", autofocus: true })));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
