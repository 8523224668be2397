// Starts the page: views, language, light, and the stream that fills them.

import { startChat } from "./chat.js";
import { post } from "./api.js";
import { confirmed } from "./confirm.js";
import { startConnections } from "./connections.js";
import { startFaults } from "./faults.js";
import { platform } from "./store.js";
import * as store from "./store.js";
import { follow } from "./stream.js";
import { lang, onLang, setLang, t } from "./text.js";
import { lookAt, startTimeline } from "./timeline.js";
import { toast } from "./toast.js";

const VIEWS = ["chat", "timeline", "connections"];
const LIGHTS = ["auto", "light", "dark"];
const LIGHT = "feishu-gateway.light";

function show(view) {
  document.body.dataset.view = view;
  for (const name of VIEWS) {
    const node = document.getElementById(`go-${name}`);
    if (name === view) node.setAttribute("aria-current", "page");
    else node.removeAttribute("aria-current");
  }
}

function shine(light) {
  if (light === "auto") delete document.documentElement.dataset.light;
  else document.documentElement.dataset.light = light;
  document.getElementById("light").value = light;
  try {
    localStorage.setItem(LIGHT, light);
  } catch {
    // A browser may forbid storage; then the choice lasts as long as the page.
  }
}

function kept() {
  try {
    const found = localStorage.getItem(LIGHT);
    return LIGHTS.includes(found) ? found : "auto";
  } catch {
    return "auto";
  }
}

let connected = "lost";

function state(now) {
  connected = now;
  const node = document.getElementById("stream");
  node.textContent = t(`stream.${now}`);
  node.className = `status ${now}`;
}

for (const view of VIEWS) document.getElementById(`go-${view}`).addEventListener("click", () => show(view));
document.getElementById("lang").addEventListener("change", (event) => setLang(event.target.value));
document.getElementById("light").addEventListener("change", (event) => shine(event.target.value));
document.getElementById("reset").addEventListener("click", async () => {
  if (!(await confirmed(t("reset.title"), t("reset.text")))) return;
  await post("reset").catch((error) => toast("error", error.message));
});
onLang(() => {
  document.title = t("title");
  state(connected);
});
shine(kept());
startTimeline();
startChat((delivery) => {
  if (document.body.dataset.view === "connections" || !matchMedia("(min-width: 1000px)").matches) show("timeline");
  lookAt(delivery);
});
startConnections();
startFaults();
document.getElementById("lang").value = lang();
setLang(lang());
show(matchMedia("(min-width: 1000px)").matches ? "timeline" : "chat");
store.on(["begin"], () => { document.getElementById("address").textContent = platform.base_url; });
follow(state);
