// What is known of one line of the timeline: times, answer, frames, findings; to copy as a test and to replay.

import { get, post } from "./api.js";
import { copier } from "./copy.js";
import { button, el, fill, icon } from "./dom.js";
import { pretty } from "./json.js";
import { showRefused } from "./outcome.js";
import { title, verdictWords } from "./row.js";
import { all, on, one } from "./store.js";
import { both, clock, onLang, span, t } from "./text.js";

let open = null;
let seen = "";

/** Shows a line; the focus stays in the list, so that the arrow keys go through the lines. */
export async function showDetail(item) {
  open = item;
  const host = document.getElementById("detail");
  host.hidden = false;
  if (item.what !== "d") {
    seen = "";
    draw(host, item, null);
    return;
  }
  seen = stamp(item.id);
  const detail = await get(`deliveries/${item.id}`).catch(() => null);
  if (open === item) draw(host, item, detail);
}

/** Closes it. */
export function closeDetail() {
  open = null;
  const host = document.getElementById("detail");
  host.hidden = true;
  fill(host);
}

function stamp(id) {
  const thing = one("delivery", id);
  return thing === undefined ? "" : `${thing.state} ${thing.findings.length} ${thing.next_attempt_at}`;
}

on(["delivery"], () => {
  // An answer that came while the delivery is open.
  if (open?.what === "d" && stamp(open.id) !== seen) showDetail({ ...open, thing: one("delivery", open.id) ?? open.thing });
});
onLang(() => {
  if (open !== null) showDetail(open);
});

function draw(host, item, detail) {
  const thing = detail ?? item.thing;
  const closer = button("", () => {
    closeDetail();
    document.getElementById("rows").focus();
  }, { class: "bare", "aria-label": t("close"), id: "close-detail" });
  closer.append(icon("close"));
  fill(host, el("div", { class: "row" }, el("h3", { class: "grow" }, title(item)), closer),
    item.what === "d" ? delivery(thing, detail, host) : [el("p", {}, thing.text), facts(thing)]);
}

function facts(thing) {
  const known = Object.entries(thing).filter(([name, value]) => value !== null && value !== "" && typeof value !== "object" && !["text", "id"].includes(name));
  return el("dl", {}, known.map(([name, value]) => [el("dt", {}, name), el("dd", {}, name === "at" ? clock(value) : String(value))]));
}

function delivery(thing, detail, host) {
  const verdict = thing.verdict;
  return [
    verdict ? el("div", { class: `saw ${verdict.ok ? "good" : "bad"}` }, el("strong", {}, verdictWords(verdict)), verdict.text ? el("p", {}, verdict.text) : null,
      both(verdict.cause) ? el("p", {}, el("b", {}, t("outcome.cause")), " ", both(verdict.cause)) : null,
      both(verdict.remedy) ? el("p", {}, el("b", {}, t("outcome.remedy")), " ", both(verdict.remedy)) : null) : null,
    steps(thing), ladder(thing), findings(thing),
    el("div", { class: "row wrap" },
      button(t("detail.replay"), () => replay(thing.id, false, host), { class: "small" }),
      thing.kind === "message" || thing.kind === "event" ? button(t("detail.same"), () => replay(thing.id, true, host), { class: "small" }) : null,
      detail?.as_test ? [copier(() => detail.as_test.rust, t("detail.rust")), copier(() => detail.as_test.json, t("detail.json")), copier(() => detail.as_test.curl, t("detail.curl"))] : null),
    detail === null ? el("p", { class: "quiet" }, t("detail.none")) : [
      fold(t("detail.payload"), pretty(detail.payload), true),
      detail.data === null ? null : fold(t("detail.data"), pretty(detail.data), true),
      detail.frames.map(frame),
    ],
  ];
}

function steps(thing) {
  const known = [
    [t("step.pushed"), clock(thing.pushed_at)], [t("step.received"), thing.received_ms === null ? null : `+ ${span(thing.received_ms)}`],
    [t("step.answered"), thing.elapsed_ms === null ? null : `+ ${span(thing.elapsed_ms)}`], [t("step.handler"), thing.handler_ms === null ? null : span(thing.handler_ms)],
    [t("step.limit"), span(thing.limit_ms)], [t("step.code"), thing.code], ["type", thing.type], ["event_id", thing.event_id], ["message_id", thing.message_id],
    [t("step.connection"), thing.connection === null ? thing.way : `#${thing.connection}`],
  ];
  return el("dl", {}, known.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]));
}

/** The repeats of an event: after 15 s, 5 min, 1 h, 6 h. */
function ladder(thing) {
  const first = thing.first ?? thing.id;
  const family = all("delivery").filter((it) => it.id === first || it.first === first);
  if (family.length < 2 && thing.next_attempt_at === null) return null;
  const next = family.find((it) => it.next_attempt_at !== null)?.next_attempt_at ?? thing.next_attempt_at;
  return el("ol", { class: "ladder", "aria-label": t("detail.ladder") },
    family.map((it) => el("li", { class: it.verdict?.ok ? "good" : "bad", "aria-current": it.id === thing.id ? "true" : null }, `${clock(it.pushed_at)} ${verdictWords(it.verdict) || t("row.waiting")}`)),
    next === null ? null : el("li", { class: "next" }, t("row.next", { at: clock(next) })));
}

function findings(thing) {
  const found = thing.findings.map((id) => one("finding", id)).filter((it) => it !== undefined);
  if (found.length === 0) return null;
  return el("ul", { class: "findings", "aria-label": t("detail.findings") }, found.map((it) => el("li", { class: it.severity === "error" ? "bad" : "odd" }, el("strong", {}, it.kind), " ", it.text)));
}

function fold(words, json, opened) {
  return el("details", { open: opened }, el("summary", {}, words), el("pre", { tabindex: "0" }, json));
}

function frame(it) {
  const way = it.direction === "to_client" ? t("frame.to") : t("frame.from");
  const head = `seq_id ${it.seq_id}  log_id ${it.log_id}  service ${it.service}  method ${it.method}`;
  const headers = it.headers.map((header) => `${header.key}: ${header.value}`).join("\n");
  return fold(`${way} ${clock(it.at)} · ${it.size} B`, `${head}\n${headers}\n\n${it.json === null || it.json === undefined ? it.payload : pretty(it.json)}`, false);
}

async function replay(id, same, host) {
  try {
    await post(`deliveries/${id}/replay`, same ? { same_event_id: true } : {});
  } catch (error) {
    showRefused(error, host);
  }
}
