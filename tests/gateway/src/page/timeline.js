// The timeline: everything that was pushed, the newest first, to filter, to stop and to look into.

import { closeDetail, showDetail } from "./detail.js";
import { el, fill, icon } from "./dom.js";
import { HEIGHT, keyOf, title, updateRow } from "./row.js";
import { all, on, platform } from "./store.js";
import { onLang, t } from "./text.js";
import { VirtualList } from "./virtual.js";

/** The list is drawn at most once in so many milliseconds. */
const PACE = 120;

const FILTERS = {
  all: () => true,
  problems: (it) => (it.what === "f" ? true : it.what === "c" ? it.thing.status >= 400 || (it.thing.code ?? 0) !== 0 : (it.thing.verdict && !it.thing.verdict.ok) || it.thing.findings.length > 0),
  click: (it) => it.what === "d" && it.thing.kind === "click",
  preview: (it) => it.what === "d" && it.thing.kind === "preview",
  event: (it) => it.what === "d" && ["message", "event", "raw"].includes(it.thing.kind),
  call: (it) => it.what === "c",
};

const state = { filter: "all", words: "", stopped: null };
let list = null;
let timer = 0;

/** Starts the timeline. */
export function startTimeline() {
  const host = document.getElementById("rows");
  list = new VirtualList(host, HEIGHT, { key: keyOf, update: updateRow, chosen: (item) => showDetail(item) });
  document.getElementById("filter").addEventListener("change", (event) => set("filter", event.target.value));
  document.getElementById("find").addEventListener("input", (event) => set("words", event.target.value.trim().toLowerCase()));
  document.getElementById("pause").addEventListener("click", pause);
  on(["delivery", "call", "finding", "begin"], later);
  onLang(() => {
    label();
    later();
  });
  label();
}

/** Shows a delivery, whatever the filter is. */
export function lookAt(delivery) {
  state.filter = "all";
  state.words = "";
  document.getElementById("filter").value = "all";
  document.getElementById("find").value = "";
  draw();
  list.mark(`d${delivery}`);
  const item = items().find((it) => it.what === "d" && it.id === delivery);
  if (item !== undefined) showDetail(item);
}

function label() {
  fill(document.getElementById("filter"), Object.keys(FILTERS).map((name) => el("option", { value: name, selected: name === state.filter }, t(`filter.${name}`))));
  const node = document.getElementById("pause");
  node.setAttribute("aria-pressed", String(state.stopped !== null));
  fill(node, icon(state.stopped === null ? "pause" : "play"), t(state.stopped === null ? "timeline.pause" : "timeline.go"));
}

function set(name, value) {
  state[name] = value;
  closeDetail();
  draw();
}

function pause() {
  state.stopped = state.stopped === null ? items() : null;
  label();
  draw();
}

/** Deliveries, calls, and findings that belong to no delivery, the newest first. */
function items() {
  const deliveries = all("delivery").map((thing) => ({ what: "d", id: thing.id, at: thing.pushed_at, thing }));
  const others = all("call").map((thing) => ({ what: "c", id: thing.id, at: thing.at, thing }))
    .concat(all("finding").filter((it) => it.delivery === null).map((thing) => ({ what: "f", id: thing.id, at: thing.at, thing })))
    .sort((a, b) => a.at - b.at);
  const found = [];
  while (deliveries.length > 0 || others.length > 0) {
    const next = (deliveries.at(-1)?.at ?? -1) >= (others.at(-1)?.at ?? -1) && deliveries.length > 0 ? deliveries : others;
    found.push(next.pop());
  }
  return found;
}

function matches(item) {
  if (!FILTERS[state.filter](item)) return false;
  if (state.words === "") return true;
  const { thing } = item;
  return [title(item), thing.type, thing.event_id, thing.message_id, thing.app_id, thing.text, thing.verdict?.text, thing.code, thing.open_message_id].some((it) => String(it ?? "").toLowerCase().includes(state.words));
}

function later() {
  if (timer !== 0) return;
  timer = setTimeout(() => {
    timer = 0;
    draw();
  }, PACE);
}

function draw() {
  const source = state.stopped ?? items();
  const shown = source.filter(matches);
  list.show(shown);
  const fresh = state.stopped === null ? 0 : Math.max(0, (all("delivery").at(-1)?.id ?? 0) - (state.stopped.find((it) => it.what === "d")?.id ?? 0));
  const forgotten = platform.kept?.deliveries?.forgotten ?? 0;
  document.getElementById("count").textContent = [
    shown.length === source.length ? t("timeline.count", { count: shown.length }) : t("timeline.of", { count: shown.length, all: source.length }),
    fresh > 0 ? t("timeline.fresh", { count: fresh }) : "", forgotten > 0 ? t("timeline.forgotten") : "",
  ].filter((it) => it !== "").join(" · ");
  document.getElementById("nothing").hidden = shown.length > 0;
}
