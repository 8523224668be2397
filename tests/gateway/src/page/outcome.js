// What the user's client shows after an operation: a toast, a card that changed, or an error with cause and remedy.

import { button, el, icon } from "./dom.js";
import { both, lang, span, t } from "./text.js";
import { answered, toast } from "./toast.js";

/** Shows an outcome; an error is a note in `host`. `look(delivery)` opens the timeline there. */
export function showOutcome(outcome, host, look) {
  clear(host);
  const verdict = outcome.verdict;
  if (verdict.toast) answered(verdict.toast);
  if (verdict.kind === "error" || verdict.kind === "again" || verdict.kind === "plain_link") {
    note(host, verdict, outcome, look);
  } else if (verdict.kind === "nothing") {
    const line = el("p", { class: "aftermath quiet", role: "status" }, t("outcome.nothing", { time: span(outcome.elapsed_ms) }));
    host.append(line);
  }
}

/** Shows that a request was refused by the platform of this page itself. */
export function showRefused(error, host) {
  clear(host);
  const words = error.field ? t("outcome.refused.field", { field: error.field, text: error.message }) : error.message || t("outcome.lost");
  toast("error", words);
}

/** Shows an error code that the client finds by itself. */
export function showLocal(code, host) {
  clear(host);
  note(host, { code, text: "", cause: { en: t(`code.${code}`), zh: t(`code.${code}`) }, remedy: { en: t(`code.${code}.remedy`), zh: t(`code.${code}.remedy`) } }, null, null);
}

function clear(host) {
  for (const old of host.querySelectorAll(":scope > .aftermath")) old.remove();
}

function note(host, verdict, outcome, look) {
  const again = verdict.kind === "again";
  const quiet = verdict.kind === "plain_link";
  const title = again ? t("outcome.again") : quiet ? t("outcome.plain") : t("outcome.error", { code: verdict.code ?? "" });
  const closer = button("", () => node.remove(), { class: "bare", "aria-label": t("close") });
  closer.append(icon("close"));
  const node = el("div", { class: `aftermath problem ${again || quiet ? "mild" : ""}`, role: again || quiet ? "status" : "alert" },
    el("div", { class: "row" }, icon("warn"), el("strong", {}, title), el("span", { class: "grow" }), closer),
    verdict.text && (lang() === "en" || !verdict.cause) ? el("p", {}, verdict.text) : null,
    both(verdict.cause) ? el("p", {}, el("b", {}, t("outcome.cause")), " ", both(verdict.cause)) : null,
    both(verdict.remedy) ? el("p", {}, el("b", {}, t("outcome.remedy")), " ", both(verdict.remedy)) : null,
    outcome && look ? button(t("outcome.look"), () => look(outcome.delivery), { class: "small" }) : null);
  host.append(node);
}
