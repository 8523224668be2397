// Toasts: what the client shows for a moment at its top, in the words of the bot.

import { button, el, icon } from "./dom.js";
import { member, oneOf, text } from "./json.js";
import { locale, t } from "./text.js";

/** How long a toast stays, in milliseconds. */
const SHOWN = 5000;
/** Toasts that are shown at once. */
const MOST = 4;

/** Shows a toast of one of four kinds. */
export function toast(kind, words) {
  const host = document.getElementById("toasts");
  const type = oneOf(kind, ["info", "success", "error", "warning"]);
  const node = el("div", { class: `toast t-${type}`, role: type === "error" ? "alert" : "status" },
    el("strong", { class: "kind" }, icon({ success: "check", error: "close", warning: "warn" }[type] ?? "chat"), t(`toast.${type}`)),
    el("span", { class: "said" }, words));
  const closer = button("", () => node.remove(), { class: "bare", "aria-label": t("close") });
  closer.append(icon("close"));
  node.append(closer);
  host.append(node);
  while (host.children.length > MOST) host.firstElementChild.remove();
  let timer = setTimeout(() => node.remove(), SHOWN);
  // A toast that is read or reached with the keyboard stays.
  for (const name of ["pointerenter", "focusin"]) node.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) node.addEventListener(name, () => { timer = setTimeout(() => node.remove(), SHOWN); });
}

/** The toast of an answer, in the language of the page. */
export function answered(said) {
  toast(text(member(said, "type")), text(member(member(said, "i18n"), locale())) || text(member(said, "content")));
}
