// Inputs, check boxes, date and time pickers.

import { button, el, fresh, icon } from "./dom.js";
import { calls, operate } from "./behaviour.js";
import { list, member, number, oneOf, text, words } from "./json.js";
import { t } from "./text.js";

/** A text box, outside a form with a button that sends it. */
export function drawInput(element, pointer, ctx) {
  const name = text(member(element, "name"));
  const type = oneOf(member(element, "input_type"), ["text", "multiline_text", "password"]);
  const start = text(member(element, "default_value"));
  const label = words(member(element, "label"), ctx.locale);
  const placeholder = words(member(element, "placeholder"), ctx.locale);
  const id = fresh("input");
  const shared = {
    id, placeholder, name: null, "data-name": name, "data-path": pointer, maxlength: number(member(element, "max_length"), 1, 1000, 1000), required: member(element, "required") === true,
    disabled: member(element, "disabled") === true, "aria-label": label === "" ? placeholder || name || t("card.input") : null, autocomplete: "off",
  };
  const control = type === "multiline_text"
    ? el("textarea", { ...shared, rows: number(member(element, "rows"), 1, 20, 4) })
    : el("input", { ...shared, type: type === "password" ? "password" : "text" });
  control.value = start;
  const head = label === "" ? null : el("label", { for: id }, label, shared.required ? el("span", { class: "must", "aria-hidden": "true" }, " *") : null);
  const aside = text(member(element, "label_position")) === "left" ? "aside" : "";
  if (ctx.form !== null) {
    ctx.form.add({ name, value: () => control.value, reset: () => { control.value = start; }, required: shared.required, control });
    return el("div", { class: `field ${aside}` }, head, control);
  }
  const go = () => operate(ctx, element, pointer, { input_value: control.value }, control);
  control.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing && (type !== "multiline_text" || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      go();
    }
  });
  const sender = button("", go, { class: "cardbutton round", "aria-label": t("card.sendinput"), disabled: shared.disabled });
  sender.append(icon("check"));
  return el("div", { class: `field ${aside}` }, head, el("div", { class: "row" }, control, sender));
}

/** A check box, with buttons beside it. */
export function drawChecker(element, pointer, ctx) {
  const name = text(member(element, "name"));
  const id = fresh("check");
  const start = member(element, "checked") === true;
  const off = member(element, "disabled") === true;
  const control = el("input", { type: "checkbox", id, "data-name": name, "data-path": pointer, disabled: off });
  control.checked = start;
  const label = el("label", { for: id }, ctx.words(member(element, "text")) ?? name);
  const extra = list(member(member(element, "button_area"), "buttons")).slice(0, 10).map((it, index) => ctx.draw(it, `${pointer}/button_area/buttons/${index}`));
  const holder = el("div", { class: `checker ${start ? "done" : ""}` }, control, label, extra);
  const follow = () => holder.classList.toggle("done", control.checked);
  if (ctx.form !== null) {
    ctx.form.add({ name, value: () => control.checked, reset: () => { control.checked = start; follow(); }, required: member(element, "required") === true, control, holder });
    control.addEventListener("change", follow);
    return holder;
  }
  control.addEventListener("change", async () => {
    follow();
    // Without a callback it only changes here, as in the client.
    if (!calls(element, ctx.version)) return;
    const wanted = control.checked;
    if (!(await operate(ctx, element, pointer, { checked: wanted }, control))) {
      control.checked = !wanted;
      follow();
    }
  });
  return holder;
}

const PICKERS = {
  date_picker: { type: "date", initial: "initial_date", words: "card.date" },
  picker_time: { type: "time", initial: "initial_time", words: "card.time" },
  picker_datetime: { type: "datetime-local", initial: "initial_datetime", words: "card.datetime" },
};

/** A date, a time, or both. */
export function drawPicker(element, pointer, ctx) {
  const kind = PICKERS[member(element, "tag")];
  const name = text(member(element, "name"));
  const off = member(element, "disabled") === true;
  const label = words(member(element, "placeholder"), ctx.locale) || name || t(kind.words);
  const start = text(member(element, kind.initial)).trim().replace(" ", "T");
  const control = el("input", { type: kind.type, "aria-label": label, title: label, "data-name": name, "data-path": pointer, disabled: off, required: member(element, "required") === true });
  control.value = start;
  const value = () => (control.value === "" ? undefined : zoned(control.value, kind.type));
  const wrong = () => (control.validity.badInput ? t("form.baddate") : "");
  const holder = el("span", { class: "row picker" }, control);
  if (ctx.form !== null) {
    ctx.form.add({ name, value, reset: () => { control.value = start; }, required: control.required, control, wrong, holder });
    return holder;
  }
  let sent = control.value;
  // Each key makes another valid date on the way, so a choice is sent by Enter or the button.
  const confirm = button("", go, { class: "cardbutton round", "aria-label": t("card.sendpick", { what: label }), hidden: true });
  confirm.append(icon("check"));
  async function go() {
    if (control.value === "" || control.value === sent) return;
    if (await operate(ctx, element, pointer, { option: value(), timezone: zone() }, control)) sent = control.value;
    confirm.hidden = control.value === sent;
  }
  control.addEventListener("input", () => { confirm.hidden = control.value === "" || control.value === sent; });
  control.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      go();
    }
  });
  holder.append(confirm);
  return holder;
}

/** The user's time zone. */
export function zone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "Asia/Shanghai";
}

/** `2025-06-10`, `05:05`, `2025-06-10T19:19` with the offset of the user's time zone, as the client writes it. */
function zoned(value, type) {
  const moment = type === "time" ? new Date() : new Date(type === "date" ? `${value}T00:00` : value);
  const minutes = -(Number.isNaN(moment.getTime()) ? new Date() : moment).getTimezoneOffset();
  const two = (amount) => String(Math.floor(Math.abs(amount))).padStart(2, "0");
  return `${value.replace("T", " ").slice(0, 16)} ${minutes < 0 ? "-" : "+"}${two(minutes / 60)}${two(Math.abs(minutes) % 60)}`;
}
