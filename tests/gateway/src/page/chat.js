// A conversation with the bot as its user sees it.

import { post } from "./api.js";
import { behaviour } from "./behaviour.js";
import { addresses, composer } from "./composer.js";
import { guide } from "./connect.js";
import { el, fill } from "./dom.js";
import { openEvents } from "./events.js";
import { openGallery } from "./gallery.js";
import { at, member, pretty, text } from "./json.js";
import { drawMessage, previewCard } from "./message.js";
import { showLocal, showOutcome, showRefused } from "./outcome.js";
import { nameOf } from "./people.js";
import { showJson } from "./raw.js";
import { all, on, one } from "./store.js";
import { both, lang, onLang, t } from "./text.js";
import { toast } from "./toast.js";

/** Messages that are nodes; earlier ones come on demand. */
const SHOWN = 100;

/** Who speaks, with which app, where. */
const here = { app: null, user: null, chat: null, more: 0 };
/** Drawn messages by id: `{node, stamp}`. */
const drawn = new Map();
let look = () => {};
let following = true;

/** Starts the conversation; `timeline(delivery)` opens a delivery there. */
export function startChat(timeline) {
  look = timeline;
  const feed = document.getElementById("feed");
  feed.addEventListener("scroll", () => { following = feed.scrollHeight - feed.scrollTop - feed.clientHeight < 60; }, { passive: true });
  composer(document.getElementById("composer"), { people, bot: () => app()?.name || t("chat.bot"), send, preview });
  document.getElementById("gallery").addEventListener("click", () => openGallery(sendCard));
  document.getElementById("events").addEventListener("click", () => openEvents(() => here.app ?? undefined));
  for (const name of ["app", "chat", "user"]) {
    document.getElementById(`pick-${name}`).addEventListener("change", (event) => {
      here[name] = event.target.value;
      if (name === "app" || name === "user") here.chat = null;
      here.more = 0;
      redraw();
    });
  }
  on(["message", "begin"], refresh);
  on(["app", "chat", "connection", "begin"], pickers);
  onLang(redraw);
}

function app() {
  return one("app", here.app) ?? all("app")[0];
}

function people() {
  return app()?.people ?? [];
}

/** The conversations of this app that the user is in, the one-to-one chat first. */
function chats() {
  return all("chat").filter((it) => (it.app_id === null || it.app_id === app()?.app_id) && (it.members.length === 0 || it.members.includes(here.user)))
    .sort((a, b) => Number(a.chat_type === "group") - Number(b.chat_type === "group"));
}

function pickers() {
  here.app = app()?.app_id ?? null;
  if (!people().some((it) => it.open_id === here.user)) here.user = people()[0]?.open_id ?? null;
  if (!chats().some((it) => it.chat_id === here.chat)) here.chat = chats()[0]?.chat_id ?? null;
  options("app", all("app").map((it) => [it.app_id, `${it.name || it.app_id}`]), here.app);
  options("user", people().map((it) => [it.open_id, nameOf(it)]), here.user);
  options("chat", chats().map((it) => [it.chat_id, it.chat_type === "p2p" ? t("chat.p2p", { name: app()?.name || t("chat.bot") }) : both(it.name)]), here.chat);
  document.getElementById("pick-app").closest("label").hidden = all("app").length < 2;
  refresh();
}

function options(name, entries, chosen) {
  const node = document.getElementById(`pick-${name}`);
  const wanted = JSON.stringify([entries, chosen]);
  if (node.dataset.drawn === wanted) return;
  node.dataset.drawn = wanted;
  fill(node, entries.map(([value, words]) => el("option", { value, selected: value === chosen }, words)));
}

function redraw() {
  drawn.clear();
  for (const name of ["app", "user", "chat"]) delete document.getElementById(`pick-${name}`).dataset.drawn;
  pickers();
}

function refresh() {
  const feed = document.getElementById("feed");
  const mine = all("message").filter((it) => it.chat_id === here.chat && (it.visible_to.length === 0 || it.visible_to.includes(here.user)));
  const shown = mine.slice(-(SHOWN + here.more));
  const kept = new Set(shown.map((it) => it.message_id));
  for (const id of drawn.keys()) if (!kept.has(id)) drawn.delete(id);
  const nodes = shown.map(node);
  const focus = document.activeElement?.closest?.("#feed") ? document.activeElement.dataset.path : undefined;
  const inMessage = document.activeElement?.closest?.(".message")?.dataset.id;
  arrange(feed.querySelector("ul"), nodes);
  if (focus !== undefined && inMessage !== undefined && !feed.contains(document.activeElement)) {
    drawn.get(inMessage)?.node.querySelector(`[data-path="${CSS.escape(focus)}"]`)?.focus();
  }
  const earlier = document.getElementById("earlier");
  earlier.hidden = mine.length <= shown.length;
  earlier.onclick = () => {
    here.more += SHOWN;
    following = false;
    refresh();
  };
  const empty = document.getElementById("empty");
  empty.hidden = mine.length > 0;
  if (!empty.hidden) invite(empty);
  if (following) feed.scrollTop = feed.scrollHeight;
}

/** What to do first, while nothing was said. */
function invite(host) {
  const alone = !all("connection").some((it) => it.state !== "ended");
  const stamp = `${lang()} ${alone} ${here.app}`;
  if (host.dataset.drawn === stamp) return;
  host.dataset.drawn = stamp;
  fill(host, el("h2", {}, t("chat.empty")), el("p", { class: "quiet" }, t("chat.empty.more")), alone ? guide(app()) : null);
}

function node(message) {
  const stamp = `${message.version} ${message.updated_at} ${message.recalled} ${message.streaming} ${message.preview ? JSON.stringify(message.preview).length : 0}`;
  const old = drawn.get(message.message_id);
  if (old?.stamp === stamp) return old.node;
  const fresh = drawMessage(message, people(), hooks(message));
  // What an operation led to stays in sight when the card changes with it.
  for (const note of old?.node.querySelectorAll(":scope .aftermath") ?? []) fresh.querySelector(".column-of").append(note);
  if (old !== undefined) fresh.classList.add("changed");
  drawn.set(message.message_id, { node: fresh, stamp });
  return fresh;
}

/** Brings the nodes of a list into this order with the fewest changes, so that the rest keeps its state. */
function arrange(host, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...host.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((it, index) => {
    if (host.children[index] !== it) host.insertBefore(it, host.children[index] ?? null);
  });
}

function hooks(message) {
  const place = () => drawn.get(message.message_id)?.node.querySelector(".column-of") ?? document.getElementById("feed");
  return {
    act: (change, control) => act({ app_id: message.app_id, message_id: message.message_id, chat_id: message.chat_id, ...change }, control, place),
    press: (preview, change, control) => act(onPreview(message, preview, change), control, place),
    tell: (key, names) => toast("info", t(key, names)),
    fail: (code) => showLocal(code, place()),
    json: (it) => showJson(it.message_id, pretty(it.content, 200000)),
    recall: (it) => attempt(post(`messages/${encodeURIComponent(it.message_id)}/recall`), place),
  };
}

async function attempt(promise, place) {
  try {
    return await promise;
  } catch (error) {
    showRefused(error, place());
    return null;
  }
}

/** A click on the card of a link's preview. The card is in no message of the bot, so the click says all by itself. */
function onPreview(message, preview, { path, ...change }) {
  const element = at(previewCard(preview), path);
  const value = member(behaviour(element, "callback"), "value") ?? member(element, "value");
  const name = text(member(element, "name"));
  return {
    app_id: message.app_id, message_id: message.message_id, chat_id: message.chat_id, free: true, tag: text(member(element, "tag")), ...change,
    ...(name === "" ? {} : { name }), ...(value === undefined ? {} : { value }), merge: { delivery_type: "url_preview", context: { url: preview.url } },
  };
}

async function act(request, control, place) {
  if (control.getAttribute("aria-busy") === "true") return false;
  control.setAttribute("aria-busy", "true");
  const outcome = await attempt(post("click", { user: here.user, ...request }), place);
  control.removeAttribute("aria-busy");
  if (outcome === null) return false;
  showOutcome(outcome, place(), look);
  return outcome.verdict.ok;
}

async function send(words) {
  const feed = document.getElementById("feed");
  following = true;
  const outcome = await attempt(post("message", { app_id: here.app, chat_id: here.chat, user: here.user, text: words }), () => feed);
  if (outcome === null) return;
  if (!outcome.verdict.ok) showOutcome(outcome, drawn.get(outcome.open_message_id)?.node.querySelector(".column-of") ?? feed, look);
  if (!document.getElementById("previews").checked) return;
  for (const url of addresses(words)) {
    await attempt(post("preview", { app_id: here.app, chat_id: here.chat, user: here.user, message_id: outcome.open_message_id, url }), () => feed);
  }
}

async function preview(url) {
  if (!document.getElementById("previews").checked) return null;
  const outcome = await attempt(post("preview", { app_id: here.app, user: here.user, url, before_sending: true }), () => document.getElementById("feed"));
  return outcome?.verdict.kind === "preview" ? { url, inline: outcome.data?.inline, card: outcome.data?.card } : null;
}

/** Puts a card into the conversation as if the bot had sent it. */
async function sendCard(card, unchecked) {
  following = true;
  const sent = await post("card", { app_id: here.app, chat_id: here.chat, card, ...(unchecked ? { unchecked: true } : {}) });
  return sent;
}
