// Components that hold others: columns, forms, containers to press, panels to unfold, rows of actions.

import { el, fresh, variable } from "./dom.js";
import { operate } from "./behaviour.js";
import { Form } from "./form.js";
import { color } from "./inline.js";
import { list, member, number, oneOf, text } from "./json.js";
import { t } from "./text.js";

/** The elements of a list, drawn in order. */
export function drawAll(elements, pointer, ctx) {
  return list(elements).map((it, index) => ctx.draw(it, `${pointer}/${index}`));
}

/** Columns side by side. */
export function drawColumns(element, pointer, ctx) {
  const mode = oneOf(member(element, "flex_mode"), ["none", "stretch", "flow", "bisect", "trisect"]);
  return el("div", { class: `columns m-${mode} ${background(element)}` },
    list(member(element, "columns")).map((it, index) => drawColumn(it, `${pointer}/columns/${index}`, ctx)));
}

/** One column. */
export function drawColumn(element, pointer, ctx) {
  const width = text(member(element, "width"));
  const node = el("div", { class: `column ${background(element)} v-${oneOf(member(element, "vertical_align"), ["top", "center", "bottom"])}` }, drawAll(member(element, "elements"), `${pointer}/elements`, ctx));
  if (width === "weighted" || width === "") variable(node, "--weight", String(number(member(element, "weight"), 1, 5, 1)));
  else if (/^\d{1,3}px$/.test(width)) variable(node, "--width", width).classList.add("fixed");
  else node.classList.add("auto");
  return node;
}

/** A form: its components keep their values until a button submits them. */
export function drawForm(element, pointer, ctx) {
  const inner = { ...ctx, form: new Form() };
  inner.draw = (it, at) => ctx.drawIn(inner, it, at);
  const name = text(member(element, "name"));
  return el("div", { class: "form", role: "group", "aria-label": name || t("card.form"), "data-name": name }, drawAll(member(element, "elements"), `${pointer}/elements`, inner));
}

/** A row of actions of a card of JSON 1.0. */
export function drawActions(element, pointer, ctx) {
  const layout = oneOf(member(element, "layout"), ["flow", "bisected", "trisection"]);
  return el("div", { class: `actions l-${layout}` }, drawAll(member(element, "actions"), `${pointer}/actions`, ctx));
}

/** A container that is pressed as a whole. The button lies below what it holds, so that inner controls stay controls. */
export function drawPressable(element, pointer, ctx) {
  const inside = drawAll(member(element, "elements"), `${pointer}/elements`, ctx);
  const body = el("div", { class: "inside" }, inside);
  const presses = list(member(element, "behaviors")).length > 0;
  const node = el("div", { class: `pressable ${member(element, "has_border") === true ? "bordered" : ""} ${background(element)}` }, body);
  if (presses) {
    const name = body.textContent.replace(/\s+/g, " ").trim().slice(0, 80) || text(member(element, "name"));
    const cover = el("button", { type: "button", class: "cover", "data-name": text(member(element, "name")), "data-path": pointer, disabled: member(element, "disabled") === true, "aria-label": t("card.press", { what: name }) });
    cover.addEventListener("click", () => operate(ctx, element, pointer, {}, cover));
    node.prepend(cover);
  }
  return node;
}

/** A panel to unfold. */
export function drawPanel(element, pointer, ctx) {
  const head = member(element, "header");
  const title = ctx.words(member(head, "title"));
  return el("details", { class: "panel", open: member(element, "expanded") === true },
    el("summary", {}, title ?? t("card.panel")),
    el("div", { class: "inside" }, drawAll(member(element, "elements"), `${pointer}/elements`, ctx)));
}

/** The class of a background's name. */
function background(element) {
  const named = color(text(member(element, "background_style")));
  return named === "" ? "" : `filled ${named}`;
}

/** A picture of what cannot be drawn: its tag, and its JSON on demand. */
export function drawUnknown(tag, json) {
  const id = fresh("raw");
  return el("div", { class: "unknown" }, el("p", { id }, t("card.unknown", { tag: tag || "?" })),
    el("details", {}, el("summary", {}, t("card.json")), el("pre", { tabindex: "0", role: "group", "aria-labelledby": id }, json)));
}
