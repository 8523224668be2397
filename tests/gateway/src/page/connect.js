// How a bot of each official SDK, and of this one, connects to this platform.

import { copier } from "./copy.js";
import { el, fill, fresh } from "./dom.js";
import { platform } from "./store.js";
import { t } from "./text.js";

const LINES = {
  Rust: (url, id, secret) => `FEISHU_DOMAIN=${url} FEISHU_APP_ID=${id} FEISHU_APP_SECRET=${secret} cargo run`,
  Python: (url, id, secret) => `lark.ws.Client("${id}", "${secret}", event_handler=handler, domain="${url}").start()`,
  Node: (url, id, secret) => `new lark.WSClient({appId: "${id}", appSecret: "${secret}", domain: "${url}"}).start({eventDispatcher})`,
  Go: (url, id, secret) => `larkws.NewClient("${id}", "${secret}", larkws.WithEventHandler(handler), larkws.WithDomain("${url}")).Start(ctx)`,
  Java: (url, id, secret) => `new Client.Builder("${id}", "${secret}").eventHandler(handler).domain("${url}").build().start()`,
};

/** The lines to paste, one language at a time. */
export function guide(app) {
  const id = fresh("guide");
  const line = el("code", {});
  const picker = el("select", { "aria-label": t("connect.language") }, Object.keys(LINES).map((name) => el("option", {}, name)));
  const draw = () => fill(line, LINES[picker.value](platform.base_url, app?.app_id ?? "", app?.app_secret ?? "…"));
  picker.addEventListener("change", draw);
  draw();
  return el("section", { class: "guide", "aria-labelledby": id }, el("h3", { id }, t("connect.title")),
    el("div", { class: "row" }, picker, copier(() => line.textContent)), el("pre", { tabindex: "0" }, line));
}
