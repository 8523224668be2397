// Apps and their connections: which client, since when, how it ended; the settings that clients are given.

import { Refused, post } from "./api.js";
import { guide } from "./connect.js";
import { button, el, fill, fresh } from "./dom.js";
import { all, now, on } from "./store.js";
import { ago, clock, onLang, t } from "./text.js";
import { toast } from "./toast.js";

const SETTINGS = ["PingInterval", "ReconnectInterval", "ReconnectNonce", "ReconnectCount"];
/** Ended connections that are shown. */
const ENDED = 20;
/** How often the ages in the table are written anew, in milliseconds. */
const PACE = 5000;

/** Starts the view of connections. */
export function startConnections() {
  on(["app", "connection", "begin"], draw);
  onLang(() => {
    delete document.getElementById("apps").dataset.drawn;
    draw();
  });
  setInterval(draw, PACE);
}

function draw() {
  const live = all("connection").filter((it) => it.state !== "ended");
  const status = document.getElementById("live");
  status.textContent = t(live.length === 1 ? "live.one" : "live.count", { count: live.length });
  status.classList.toggle("none", live.length === 0);
  if (document.hidden) return;
  apps();
  const table = document.getElementById("connections-table");
  const ended = all("connection").filter((it) => it.state === "ended").slice(-ENDED).reverse();
  // Not while a button in it has the focus: it would be lost.
  if (table.contains(document.activeElement) && table.dataset.rows === String(live.length + ended.length)) return;
  table.dataset.rows = String(live.length + ended.length);
  // A connection is not told anew with each push, so the known ones are counted.
  const pushes = new Map();
  for (const { connection } of all("delivery")) pushes.set(connection, (pushes.get(connection) ?? 0) + 1);
  fill(table, live.length + ended.length === 0 ? el("p", { class: "quiet" }, t("connections.none")) : el("table", {},
    el("caption", { class: "sr" }, t("view.connections")),
    el("thead", {}, el("tr", {}, ["id", "client", "app", "since", "pings", "ping", "deliveries", "state"].map((it) => el("th", { scope: "col" }, t(`connections.${it}`))), el("td", {}))),
    el("tbody", {}, [...live.reverse(), ...ended].map((it) => row(it, pushes)))));
}

function row(it, pushes) {
  return el("tr", { class: it.state },
    el("th", { scope: "row" }, `#${it.id}`), el("td", { title: it.user_agent }, it.client || it.user_agent || "?"), el("td", { class: "code" }, it.app_id), el("td", {}, clock(it.connected_at)),
    el("td", {}, it.pings), el("td", {}, it.last_ping_at === null ? "–" : ago(it.last_ping_at, now())), el("td", {}, Math.max(it.deliveries, pushes.get(it.id) ?? 0)),
    el("td", {}, it.state === "ended" ? `${it.end ?? t("state.ended")}` : t(`state.${it.state}`)),
    el("td", { class: "row" }, it.state === "ended" ? null : ["cut", "mute"].map((fault) => button(t(`fault.${fault}`), () => bring(fault, it.id), { class: "small", "aria-label": `${t(`fault.${fault}`)} #${it.id}` }))));
}

async function bring(fault, connection) {
  await post("faults", { fault, connection }).catch((error) => toast("error", error.message));
}

function apps() {
  const host = document.getElementById("apps");
  const stamp = JSON.stringify(all("app").map((it) => [it.app_id, it.name, alive(it), it.settings, it.webhook]));
  if (host.dataset.drawn === stamp || host.contains(document.activeElement)) return;
  host.dataset.drawn = stamp;
  fill(host, all("app").map((app) => el("section", { class: "app" },
    el("div", { class: "row wrap" }, el("h3", {}, app.name || app.app_id), el("code", {}, app.app_id), el("span", { class: "grow" }), el("span", { class: "quiet" }, t("apps.connections", { count: alive(app), most: app.max_connections }))),
    app.webhook ? el("p", { class: "quiet" }, t("apps.webhook", { url: app.webhook.url })) : null,
    settings(app), el("details", {}, el("summary", {}, t("connect.title")), guide(app)))));
}

/** Live connections of an app now; the app itself has the number of the snapshot. */
function alive(app) {
  return all("connection").filter((it) => it.app_id === app.app_id && it.state !== "ended").length;
}

/** The ClientConfig of an app, to change. */
function settings(app) {
  const fields = SETTINGS.map((name) => {
    const id = fresh("setting");
    return { name, id, input: el("input", { type: "number", id, min: "-1", max: "100000", value: app.settings?.[name] ?? "" }) };
  });
  const save = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(fields.filter((it) => it.input.value !== "").map((it) => [it.name, Number(it.input.value)]));
    try {
      await post("apps", { app_id: app.app_id, settings: values });
      toast("success", t("apps.saved"));
    } catch (error) {
      toast("error", error instanceof Refused ? error.message : t("outcome.lost"));
    }
  };
  return el("details", {}, el("summary", {}, t("apps.settings")), el("form", { class: "settings", onsubmit: save },
    fields.map((it) => el("div", { class: "field" }, el("label", { for: it.id }, it.name), it.input)), el("button", { class: "small", type: "submit" }, t("apps.save"))));
}
