// Buttons that make things fail, what fails now, and the cure.

import { post } from "./api.js";
import { button, el, fill, fresh } from "./dom.js";
import { all, on } from "./store.js";
import { onLang, t } from "./text.js";
import { toast } from "./toast.js";

/** Faults by where they happen, each with the members it takes besides scope and number. */
const GROUPS = {
  live: { cut: [], mute: [], close: ["code", "reason"], noise: [], text: [], websocket_ping: [] },
  push: { slow: ["delay_ms"], unpublished: [], no_pongs: [], pong_delay: ["delay_ms"] },
  join: {
    limit: [], refuse: ["code", "reason"], handshake_refused: ["code", "auth_code", "reason"], handshake_hangs: [], handshake_delay: ["delay_ms"], handshake_then_cut: [],
    endpoint_status: ["status"], endpoint_html: [], endpoint_hangs: [], endpoint_no_data: [], endpoint_url: ["url"], endpoint_delay: ["delay_ms"],
  },
  calls: { openapi: ["status", "code", "reason", "path"] },
};
const SCOPED = new Set(["cut", "mute", "close", "noise", "text", "websocket_ping", "no_pongs", "pong_delay", "slow", "unpublished"]);
/** What a button sends where nothing else was written. */
const USUAL = { close: { code: 1001 }, refuse: { code: 1000040345 }, handshake_refused: { code: 514 }, endpoint_status: { status: 503 }, slow: { delay_ms: 1000 }, pong_delay: { delay_ms: 5000 }, handshake_delay: { delay_ms: 2000 }, endpoint_delay: { delay_ms: 2000 }, openapi: { code: 99991400 } };
const NUMBERS = ["times", "probability", "seed", "code", "auth_code", "status", "delay_ms", "after_ms", "every_ms"];
const OPTIONS = [...NUMBERS, "reason", "url", "path"];

/** Starts the view of faults. */
export function startFaults() {
  on(["fault", "connection", "begin"], drawActive);
  onLang(draw);
  draw();
}

const inputs = new Map();
let scope = null;

function draw() {
  const host = document.getElementById("faults");
  const scopeId = fresh("scope");
  scope = el("select", { id: scopeId });
  const options = OPTIONS.map((name) => {
    const id = fresh("option");
    const number = NUMBERS.includes(name);
    const input = el("input", { id, type: number ? "number" : "text", step: name === "probability" ? "0.05" : null, min: name === "probability" ? "0" : null, max: name === "probability" ? "1" : null, placeholder: t("faults.usual") });
    input.value = inputs.get(name)?.value ?? "";
    inputs.set(name, input);
    return el("div", { class: "field" }, el("label", { for: id }, t(`option.${name}`)), input);
  });
  fill(host,
    el("div", { class: "row wrap" }, el("label", { for: scopeId }, t("faults.where")), scope),
    el("details", {}, el("summary", {}, t("faults.options")), el("div", { class: "settings" }, options)),
    Object.entries(GROUPS).map(([group, faults]) => {
      const id = fresh("group");
      return el("section", { "aria-labelledby": id }, el("h4", { id }, t(`faults.${group}`)), el("div", { class: "row wrap" }, Object.keys(faults).map((fault) =>
        button(t(`fault.${fault}`), () => bring(fault, faults[fault]), { class: "small", title: t(`fault.${fault}.what`), "data-fault": fault }))));
    }));
  drawActive();
}

async function bring(fault, members) {
  const request = { fault, ...USUAL[fault] };
  for (const [name, input] of inputs) {
    const general = ["times", "probability", "seed", "after_ms", "every_ms"].includes(name);
    if (input.value === "" || !(general || members.includes(name))) continue;
    request[name] = NUMBERS.includes(name) ? Number(input.value) : input.value;
  }
  if (SCOPED.has(fault) && scope.value.startsWith("#")) request.connection = Number(scope.value.slice(1));
  if ((SCOPED.has(fault) || fault === "openapi") && scope.value.startsWith("cli")) request.app_id = scope.value;
  try {
    await post("faults", request);
    toast("info", t("faults.done", { fault: t(`fault.${fault}`) }));
  } catch (error) {
    toast("error", error.message);
  }
}

function drawActive() {
  const live = all("connection").filter((it) => it.state !== "ended");
  const wanted = ["", ...all("app").map((it) => it.app_id), ...live.map((it) => `#${it.id}`)];
  if (scope !== null && scope.dataset.drawn !== wanted.join()) {
    const chosen = scope.value;
    scope.dataset.drawn = wanted.join();
    fill(scope, wanted.map((value) => el("option", { value, selected: value === chosen }, value === "" ? t("faults.everywhere") : value)));
  }
  const host = document.getElementById("active");
  const faults = all("fault");
  const muted = live.some((it) => it.state === "muted");
  document.getElementById("unwell").hidden = faults.length === 0 && !muted;
  fill(host, faults.length === 0 && !muted ? el("p", { class: "quiet" }, t("faults.none")) : [
    el("ul", {}, faults.map((it) => el("li", { class: "row" }, el("span", { class: "chip c-orange" }, t(`fault.${it.fault}`)),
      el("span", { class: "quiet" }, it.left === null ? t("faults.until", { count: it.happened }) : t("faults.left", { count: it.left })), el("span", { class: "grow" }),
      button(t("faults.heal"), () => heal({ id: it.id }), { class: "small", "aria-label": `${t("faults.heal")} ${t(`fault.${it.fault}`)}` })))),
    button(t("faults.healall"), () => heal({}), { class: "primary", id: "heal" }),
  ]);
}

async function heal(which) {
  try {
    await post("heal", which);
  } catch (error) {
    toast("error", error.message);
  }
}
