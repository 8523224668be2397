// Components to look at: texts, images, lines, notes, people, tables.

import { el } from "./dom.js";
import { color, inline } from "./inline.js";
import { list, member, object, oneOf, text, words } from "./json.js";
import { link, target } from "./link.js";
import { markdown } from "./markdown.js";
import { avatar, nameOf } from "./people.js";
import { drawPicture } from "./picture.js";
import { t } from "./text.js";

/** A text object in the wanted language: nodes, or null when it is empty. `lark_md` and `markdown` have emphasis. */
export function textNodes(value, ctx) {
  const found = words(value, ctx.locale);
  if (found === "") return null;
  const rich = ["lark_md", "markdown"].includes(member(value, "tag"));
  return el("span", { class: `text ${color(text(member(value, "text_color")))} ${size(member(value, "text_size"))}` }, rich ? lines(found, ctx) : found);
}

function lines(source, ctx) {
  return source.split("\n").flatMap((line, index) => [index > 0 ? el("br") : null, ...inline(line, ctx.name)]);
}

function size(value) {
  const found = text(value);
  if (/^(heading|xxxx?-large|xx-large|x-large|large)/.test(found)) return "s-large";
  return /^(notation|small|x-small)/.test(found) ? "s-small" : "";
}

/** A Markdown component. */
export function drawMarkdown(element, pointer, ctx) {
  // `$key` in a link's address stands for an address in `href`.
  const hrefs = object(member(element, "href"));
  let source = words(element, ctx.locale);
  for (const key of Object.keys(hrefs).slice(0, 50)) source = source.replaceAll(`($${key})`, `(${target(hrefs[key])})`);
  return el("div", { class: `markdown a-${oneOf(member(element, "text_align"), ["left", "center", "right"])} ${size(member(element, "text_size"))}` }, markdown(source, ctx.name));
}

/** A text, fields in two columns, and one component at the right. */
export function drawDiv(element, pointer, ctx) {
  const fields = list(member(element, "fields")).slice(0, 100).map((field) =>
    el("div", { class: member(field, "is_short") === true ? "short" : "long" }, ctx.words(member(field, "text"))));
  const extra = member(element, "extra");
  return el("div", { class: "div" },
    el("div", { class: "words" }, ctx.words(member(element, "text")), fields.length > 0 ? el("div", { class: "fields" }, fields) : null),
    extra === undefined || extra === null ? null : ctx.draw(extra, `${pointer}/extra`));
}

/** A text by itself. */
export function drawText(element, pointer, ctx) {
  return el("div", { class: "div" }, textNodes(element, ctx));
}

/** A line. */
export function drawLine() {
  return el("hr");
}

/** Small words and images at the end of a card. */
export function drawNote(element, pointer, ctx) {
  return el("div", { class: "note" }, list(member(element, "elements")).slice(0, 50).map((it, index) =>
    member(it, "tag") === "img" ? image(it, ctx, "small") : ctx.words(it) ?? ctx.draw(it, `${pointer}/elements/${index}`)));
}

/** An image, with its title. */
export function drawImage(element, pointer, ctx) {
  const title = ctx.words(member(element, "title"));
  return el("figure", { class: "figure" }, image(element, ctx, ""), title && el("figcaption", {}, title));
}

function image(element, ctx, extra) {
  const key = text(member(element, "img_key")) || text(member(element, "image_key"));
  const name = words(member(element, "alt"), ctx.locale) || key || t("card.image");
  return drawPicture(key, name, extra);
}

/** Several images in a grid. */
export function drawImageGrid(element, pointer, ctx) {
  return el("div", { class: "tiles" }, list(member(element, "img_list")).slice(0, 9).map((it) => image(it, ctx, "")));
}

/** A person. */
export function drawPerson(element, pointer, ctx) {
  return person(text(member(element, "user_id")), ctx);
}

/** Several people. */
export function drawPeople(element, pointer, ctx) {
  return el("div", { class: "row wrap" }, list(member(element, "persons")).slice(0, 100).map((it) => person(text(member(it, "id")), ctx)));
}

function person(id, ctx) {
  const found = ctx.people.find((it) => [it.open_id, it.user_id, it.union_id].includes(id));
  return el("span", { class: "person" }, avatar(found, id), el("span", {}, found ? nameOf(found) : id));
}

/** Rows shown of a table. */
const ROWS = 50;

/** A table with columns of several kinds. */
export function drawTable(element, pointer, ctx) {
  const columns = list(member(element, "columns")).slice(0, 50);
  const rows = list(member(element, "rows"));
  const head = el("tr", {}, columns.map((it) => el("th", { scope: "col" }, text(member(it, "display_name")) || text(member(it, "name")))));
  const body = rows.slice(0, ROWS).map((row) => el("tr", {}, columns.map((it) => el("td", {}, cell(member(row, text(member(it, "name"))), text(member(it, "data_type")), ctx)))));
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("card.table") },
    el("table", {}, el("thead", {}, head), el("tbody", {}, body)),
    rows.length > ROWS ? el("p", { class: "quiet" }, t("card.rows", { count: rows.length - ROWS })) : null);
}

function cell(value, type, ctx) {
  if (type === "options") return list(value).slice(0, 20).map((it) => el("span", { class: `chip ${color(text(member(it, "color")))}` }, text(member(it, "text")) || text(it)));
  if (type === "persons") return (Array.isArray(value) ? value : [value]).slice(0, 20).map((it) => person(text(it), ctx));
  if (type === "lark_md" || type === "markdown") return lines(text(value), ctx);
  if (type === "date") return Number.isFinite(value) ? new Date(value).toLocaleDateString() : text(value);
  return text(value);
}

/** The head of a card: title, subtitle, tags, colour. */
export function drawHeader(header, ctx) {
  const title = ctx.words(member(header, "title"));
  const tags = list(member(header, "text_tag_list")).concat(list(member(member(header, "i18n_text_tag_list"), ctx.locale))).slice(0, 5);
  const subtitle = ctx.words(member(header, "subtitle"));
  if (title === null && subtitle === null) return null;
  const template = color(text(member(header, "template")));
  return el("header", { class: `cardhead ${template || "c-default"}` }, el("div", { class: "title" }, title,
    tags.map((it) => el("span", { class: `chip ${color(text(member(it, "color")))}` }, words(member(it, "text"), ctx.locale)))),
  subtitle && el("div", { class: "subtitle" }, subtitle));
}

/** The address that the whole card opens. */
export function drawCardLink(value) {
  const leads = target(value);
  return leads === "" ? null : el("footer", { class: "cardlink" }, link(leads, t("card.link")));
}
