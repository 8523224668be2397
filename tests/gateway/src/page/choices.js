// Selects, person pickers, image choice.

import { el, fresh, icon } from "./dom.js";
import { operate } from "./behaviour.js";
import { list, member, text, words } from "./json.js";
import { chooser } from "./listbox.js";
import { avatar, nameOf } from "./people.js";
import { t } from "./text.js";

/** Options that are taken into account. */
const MOST = 500;

/** One or several of a list: `select_static`, `multi_select_static`, `select_person`, `multi_select_person`. */
export function drawSelect(element, pointer, ctx) {
  const tag = member(element, "tag");
  const multiple = tag.startsWith("multi_");
  const options = tag.endsWith("person") ? persons(element, ctx) : entries(element, ctx);
  const label = words(member(element, "placeholder"), ctx.locale) || text(member(element, "name")) || t(tag.endsWith("person") ? "card.person" : "card.select");
  const start = initial(element, multiple, options);
  const name = text(member(element, "name"));
  let kept = start;
  const box = chooser({
    label, placeholder: label, options, multiple, chosen: start, disabled: member(element, "disabled") === true,
    commit: async (values) => {
      if (ctx.form !== null) return;
      const change = multiple ? { options: values } : { option: values[0] };
      if (await operate(ctx, element, pointer, change, box.opener)) kept = values;
      else box.set(kept);
    },
  });
  box.opener.dataset.name = name;
  box.opener.dataset.path = pointer;
  if (text(member(element, "width")) === "fill") box.node.classList.add("wide");
  const value = () => (multiple ? box.value() : box.value()[0]);
  ctx.form?.add({ name, value, reset: () => box.set(start), required: member(element, "required") === true, control: box.opener, holder: box.node });
  return box.node;
}

function entries(element, ctx) {
  return list(member(element, "options")).slice(0, MOST).map((option) => {
    const value = text(member(option, "value"));
    return { value, label: words(member(option, "text"), ctx.locale) || value, find: value };
  });
}

/** The people of the card, or of the chat when the card names none. */
function persons(element, ctx) {
  const named = list(member(element, "options")).slice(0, MOST).map((option) => text(member(option, "value"))).filter((id) => id !== "");
  const ids = named.length > 0 ? named : ctx.people.map((person) => person.open_id);
  return ids.map((id) => {
    const person = ctx.people.find((it) => it.open_id === id || it.user_id === id || it.union_id === id);
    return { value: person?.open_id ?? id, label: person ? nameOf(person) : id, find: person ? `${person.name.en} ${person.name.zh} ${person.key}` : "", node: () => avatar(person, id) };
  });
}

function initial(element, multiple, options) {
  if (multiple) {
    const wanted = list(member(element, "selected_values")).map(text);
    return options.map((it) => it.value).filter((value) => wanted.includes(value));
  }
  const index = member(element, "initial_index");
  // It counts from 1.
  const wanted = text(member(element, "initial_option")) || (Number.isInteger(index) ? options[index - 1]?.value : "");
  return options.some((it) => it.value === wanted) ? [wanted] : [];
}

/** A choice among images, drawn with their keys. Outside a form each image is a button that calls the bot. */
export function drawImages(element, pointer, ctx) {
  const form = ctx.form;
  const multiple = form !== null && member(element, "multi_select") === true;
  const name = text(member(element, "name"));
  const group = fresh("images");
  const off = member(element, "disabled") === true;
  const controls = list(member(element, "options")).slice(0, 100).map((option, index) => {
    const value = text(member(option, "value"));
    const title = words(member(option, "text"), ctx.locale) || value || `${index + 1}`;
    const disabled = off || member(option, "disabled") === true;
    const shared = { disabled, "data-path": pointer, "data-name": name, "data-value": value };
    const face = [el("span", { class: "picture", "aria-hidden": "true" }, icon("image")), el("span", { class: "key" }, title)];
    const hint = words(member(option, disabled ? "disabled_tips" : "hover_tips"), ctx.locale) || null;
    if (form === null) {
      const node = el("button", { type: "button", class: "tile", title: hint, ...shared }, face);
      node.addEventListener("click", () => operate(ctx, element, pointer, { option: value }, node));
      return { node, control: node };
    }
    const control = el("input", { type: multiple ? "checkbox" : "radio", name: group, value, ...shared });
    return { node: el("label", { class: "tile", title: hint }, control, face), control };
  });
  const holder = el("div", { class: "tiles", role: form === null || multiple ? "group" : "radiogroup", "aria-label": name || t("card.images") }, controls.map((it) => it.node));
  if (form === null || controls.length === 0) return holder;
  const chosen = () => controls.map((it) => it.control).filter((it) => it.checked).map((it) => it.value);
  form.add({
    name, holder, control: controls[0].control, required: member(element, "required") === true,
    value: () => (multiple ? chosen() : chosen()[0]), reset: () => controls.forEach((it) => { it.control.checked = false; }),
  });
  return holder;
}
