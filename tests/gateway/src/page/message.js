// One message of a conversation: its words, pictures or card, its link preview, and what became of it.

import { drawCard } from "./card.js";
import { button, el, icon } from "./dom.js";
import { list, member, object, pretty, text, words } from "./json.js";
import { link, linkify, target } from "./link.js";
import { markdown } from "./markdown.js";
import { avatar, botAvatar } from "./people.js";
import { drawPicture } from "./picture.js";
import { clock, locale, t } from "./text.js";

/** The node of a message. `hooks` are those of a card, and `recall(message)`, `json(message)`. */
export function drawMessage(message, people, hooks) {
  const mine = message.sender.type === "user";
  const who = people.find((it) => it.open_id === message.sender.id);
  const name = mine ? (who ? nameHere(who) : message.sender.name) : message.sender.name || t("chat.bot");
  return el("li", { class: `message ${mine ? "mine" : ""}`, "data-id": message.message_id },
    mine ? avatar(who, message.sender.id) : botAvatar(name),
    el("div", { class: "column-of" },
      el("div", { class: "who" }, el("span", { class: "name" }, name), el("time", { class: "quiet", title: new Date(message.created_at).toLocaleString() }, clock(message.created_at)), marks(message), menu(message, hooks)),
      message.parent_id ? el("p", { class: "quiet" }, t("chat.reply", { id: message.parent_id.slice(-6) })) : null,
      body(message, people, hooks),
      message.preview ? drawPreview(message.preview, people, { ...hooks, act: (change, control) => hooks.press(message.preview, change, control) }) : null));
}

function nameHere(person) {
  return person.name?.[locale() === "zh_cn" ? "zh" : "en"] || person.name?.en || person.open_id;
}

function marks(message) {
  const found = [];
  // A user's message changes only by its preview, which is in sight.
  if (message.version > 1 && !message.recalled && message.sender.type === "app") found.push(t("chat.changed", { version: message.version, how: t(`changed.${message.changed_by}`) }));
  if (message.streaming) found.push(t("chat.streaming"));
  if (message.thread_id) found.push(t("chat.thread"));
  for (const emoji of list(message.reactions)) found.push(emoji === "Typing" ? t("chat.typing") : emoji);
  if (list(message.visible_to).length > 0) found.push(t("chat.visible", { count: message.visible_to.length }));
  return found.map((it) => el("span", { class: "chip c-grey" }, it));
}

function menu(message, hooks) {
  if (message.recalled) return null;
  return el("span", { class: "tools" },
    button(t("chat.json"), () => hooks.json(message), { class: "bare small", "aria-label": t("chat.json.of", { id: message.message_id }) }),
    message.sender.type === "app" ? null : button(t("chat.recall"), () => hooks.recall(message), { class: "bare small", "aria-label": t("chat.recall.of", { id: message.message_id }) }));
}

function body(message, people, hooks) {
  if (message.recalled) return el("p", { class: "quiet" }, t("chat.recalled"));
  if (message.msg_type === "interactive") {
    if (message.content === null) return el("p", { class: "quiet" }, t("chat.unseen"));
    return drawCard(message.content, { people, streaming: message.streaming, ...hooks });
  }
  return el("div", { class: "bubble" }, content(message, people));
}

function content(message, people) {
  switch (message.msg_type) {
    case "text":
      return mentioned(message.text || text(member(message.content, "text")), list(message.mentions));
    case "post":
      return post(message.content, people);
    case "image":
      return drawPicture(text(member(message.content, "image_key")), "");
    case "file":
    case "audio":
    case "media":
    case "folder":
      return el("span", { class: "row" }, icon("cards"), text(member(message.content, "file_name")) || text(member(message.content, "file_key")), el("span", { class: "quiet" }, message.msg_type));
    default:
      return [el("span", { class: "quiet" }, message.msg_type), el("pre", { tabindex: "0" }, pretty(message.content, 4000))];
  }
}

/** Words with the mentioned names marked. */
function mentioned(source, mentions) {
  const names = mentions.map((it) => `@${it.name}`).filter((it) => it.length > 1).sort((a, b) => b.length - a.length);
  const nodes = [];
  let rest = source;
  while (rest !== "") {
    const found = names.map((name) => [rest.indexOf(name), name]).filter(([at]) => at >= 0).sort((a, b) => a[0] - b[0] || b[1].length - a[1].length)[0];
    if (found === undefined) break;
    nodes.push(...linkify(rest.slice(0, found[0])), el("span", { class: "mention" }, found[1]));
    rest = rest.slice(found[0] + found[1].length);
  }
  nodes.push(...linkify(rest));
  return nodes;
}

/** A rich text: a title and paragraphs of elements, in one language or several. */
function post(content, people) {
  const wanted = member(content, locale()) ?? (Array.isArray(member(content, "content")) ? content : Object.values(object(content)).find((it) => Array.isArray(member(it, "content")))) ?? content;
  const title = text(member(wanted, "title"));
  return [title === "" ? null : el("strong", {}, title),
    list(member(wanted, "content")).slice(0, 500).map((line) => el("p", {}, list(line).slice(0, 200).map((it) => piece(it, people))))];
}

function piece(it, people) {
  const said = text(member(it, "text"));
  switch (member(it, "tag")) {
    case "a":
      return link(member(it, "href"), said);
    case "at": {
      const id = text(member(it, "user_id"));
      const found = people.find((person) => person.open_id === id);
      return el("span", { class: "mention" }, `@${found ? nameHere(found) : text(member(it, "user_name")) || id}`);
    }
    case "img":
      return drawPicture(text(member(it, "image_key")), "");
    case "code_block":
      return el("pre", { tabindex: "0" }, said);
    case "hr":
      return el("hr");
    case "md":
      return markdown(said, () => "");
    case "emotion":
      return `[${text(member(it, "emoji_type"))}]`;
    default: {
      const style = list(member(it, "style"));
      return el("span", { class: style.map((name) => ({ bold: "bold", italic: "italic", underline: "underline", lineThrough: "struck" }[name] ?? "")).join(" ") }, said);
    }
  }
}

/** The preview of a link: a line with the title, and a card. */
export function drawPreview(preview, people, hooks) {
  const inline = member(preview, "inline");
  const title = inlineTitle(preview);
  const leads = target(member(inline, "url")) || text(member(preview, "url"));
  const card = previewCard(preview);
  return el("div", { class: "preview" },
    title === "" ? null : el("p", { class: "title" }, member(inline, "image_key") ? icon("image") : null, link(leads, title)),
    card === undefined || card === null ? null : drawCard(card, { people, ...hooks }));
}

/** The card of a preview, or undefined. */
export function previewCard(preview) {
  const card = member(preview, "card");
  return member(card, "type") === "template" ? card : member(card, "data");
}

/** The title of a preview in the language of the page. */
export function inlineTitle(preview) {
  const inline = member(preview, "inline");
  return text(member(member(inline, "i18n_title"), locale())) || words(member(inline, "title"), locale());
}
