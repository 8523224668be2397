// One line of the timeline: a delivery with its bar of three seconds, a call of a client, or a finding.

import { el, icon, variable } from "./dom.js";
import { now } from "./store.js";
import { clock, span, t } from "./text.js";

/** The height of a line, in pixels; the style sheet has the same. */
export const HEIGHT = 44;

/** The id of a line among all lines. */
export function keyOf(item) {
  return `${item.what}${item.id}`;
}

/** Writes a line into a row that may have held another one. */
export function updateRow(row, item) {
  const parts = row.parts ?? build(row);
  row.className = `row-item w-${item.what} ${mood(item.thing, item.what)}`;
  parts.time.textContent = clock(item.at);
  parts.what.textContent = title(item);
  parts.more.textContent = more(item);
  parts.side.textContent = side(item);
  parts.said.textContent = said(item);
  parts.flag.hidden = item.what !== "d" || item.thing.findings.length === 0;
  bar(parts.bar, item);
}

function build(row) {
  const parts = {
    time: el("span", { class: "time" }), what: el("span", { class: "what" }), more: el("span", { class: "more quiet" }), flag: el("span", { class: "flag" }, icon("warn")),
    bar: el("span", { class: "bar" }, el("i", { class: "wait" }), el("i", { class: "work" })), side: el("span", { class: "side" }), said: el("span", { class: "said" }),
  };
  row.append(parts.time, el("span", { class: "name" }, parts.what, parts.more), parts.bar, parts.side, el("span", { class: "verdict" }, parts.flag, parts.said));
  row.parts = parts;
  return parts;
}

function mood(thing, what) {
  if (what === "f") return thing.severity === "error" ? "bad" : "odd";
  if (what === "c") return thing.status >= 400 || (thing.code ?? 0) !== 0 ? "odd" : "";
  if (thing.state === "waiting") return "waiting";
  return thing.verdict && !thing.verdict.ok ? "bad" : thing.findings.length > 0 ? "odd" : "good";
}

/** What a line is about. */
export function title({ what, thing }) {
  if (what === "f") return thing.kind;
  if (what === "c") return thing.kind === "openapi" || thing.kind === "unknown" ? `${thing.method} ${thing.path}` : t(`call.${thing.kind}`);
  const name = thing.component ? ` ${thing.component}` : thing.kind === "event" || thing.kind === "raw" ? ` ${thing.type}` : "";
  return `${t(`kind.${thing.kind}`)}${name}`;
}

function more({ what, thing }) {
  if (what !== "d") return "";
  const found = [];
  if (thing.attempt > 1) found.push(t("row.attempt", { count: thing.attempt }));
  if (thing.next_attempt_at !== null) found.push(t("row.next", { at: clock(thing.next_attempt_at) }));
  if (thing.fragments > 1) found.push(t("row.fragments", { count: thing.fragments }));
  if (thing.way === "webhook") found.push("webhook");
  return found.join(" · ");
}

function side({ what, thing }) {
  if (what === "d") return thing.state === "waiting" ? "…" : span(thing.elapsed_ms);
  return what === "c" ? String(thing.status) : "";
}

function said({ what, thing }) {
  if (what !== "d") return thing.text;
  if (thing.state === "waiting") return t("row.waiting");
  if (thing.state === "not_connected") return t("row.nobody");
  return verdictWords(thing.verdict);
}

/** A verdict in few words, in the language of the page. */
export function verdictWords(verdict) {
  if (!verdict) return "";
  if (verdict.kind === "error") return t("outcome.error", { code: verdict.code ?? "" });
  const toast = verdict.toast ? ` “${verdict.toast.content || Object.values(verdict.toast.i18n ?? {})[0] || ""}”` : "";
  return `${t(`verdict.${verdict.kind}`)}${toast}`;
}

function bar(node, { what, thing }) {
  const none = what !== "d" || thing.state === "not_connected";
  node.classList.toggle("none", none);
  if (none) return;
  const limit = thing.limit_ms || 3000;
  const part = (millis) => `${Math.min(100, Math.max(0, (millis / limit) * 100)).toFixed(2)}%`;
  const end = thing.state === "waiting" ? Math.max(0, now() - thing.pushed_at) : thing.elapsed_ms ?? limit;
  const began = Math.min(thing.received_ms ?? 0, end);
  variable(node, "--received", part(began));
  variable(node, "--answered", part(end));
  node.classList.toggle("late", end > limit || thing.state === "unanswered");
}
