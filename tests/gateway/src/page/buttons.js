// Buttons, overflow menus.

import { el, fresh, icon, variable } from "./dom.js";
import { behaviour, destination, formAction, operate, asked, send } from "./behaviour.js";
import { list, member, oneOf, text, words } from "./json.js";
import { open, target } from "./link.js";
import { t } from "./text.js";

const KINDS = ["default", "primary", "danger", "text", "primary_text", "danger_text", "primary_filled", "danger_filled", "laser"];

/** A button: it calls the bot, opens a link, submits or resets the form around it. */
export function drawButton(element, pointer, ctx) {
  const name = words(member(element, "text"), ctx.locale) || text(member(element, "name")) || t("card.button");
  const off = member(element, "disabled") === true;
  const node = el("button", {
    type: "button", class: `cardbutton k-${oneOf(member(element, "type"), KINDS)} ${text(member(element, "width")) === "fill" ? "wide" : ""}`,
    disabled: off, "data-name": text(member(element, "name")), "data-path": pointer,
    title: words(member(element, off ? "disabled_tips" : "hover_tips"), ctx.locale) || null,
  }, member(element, "icon") ? el("span", { class: "dot", "aria-hidden": "true" }) : null, el("span", {}, name));
  const form = ctx.form;
  node.addEventListener("click", async () => {
    const action = formAction(element);
    if (form !== null && action === "reset") {
      form.reset();
      return;
    }
    if (form === null || action !== "submit") {
      await operate(ctx, element, pointer, {}, node);
      return;
    }
    const values = form.values();
    if (values === null) return;
    if (form.nameless()) {
      ctx.fail(200530);
      return;
    }
    if (await asked(ctx, element)) await send(ctx, element, pointer, { form_value: values }, node);
  });
  if (destination(element) !== "" && behaviour(element, "callback") === undefined) node.classList.add("leads");
  return node;
}

/** A menu behind three dots. */
export function drawOverflow(element, pointer, ctx) {
  const id = fresh("menu");
  const menu = el("div", { role: "menu", id, class: "popup menu", popover: "auto", "aria-label": t("card.overflow") });
  const opener = el("button", { type: "button", class: "cardbutton k-default round", "aria-haspopup": "menu", "aria-expanded": "false", "aria-controls": id, "aria-label": t("card.overflow"), "data-path": pointer }, icon("more"));
  for (const option of list(member(element, "options")).slice(0, 100)) {
    const name = words(member(option, "text"), ctx.locale) || text(member(option, "value"));
    menu.append(el("button", { type: "button", role: "menuitem", tabindex: "-1", onclick: () => pick(option) }, name));
  }

  async function pick(option) {
    menu.hidePopover();
    opener.focus();
    const leads = target(member(option, "multi_url")) || text(member(option, "url"));
    if (leads !== "" && (await asked(ctx, element))) {
      if (!open(leads)) ctx.tell("card.badlink", { link: leads });
      return;
    }
    if (leads === "") await operate(ctx, element, pointer, { option: text(member(option, "value")) }, opener);
  }

  opener.addEventListener("click", () => {
    menu.showPopover();
    const box = opener.getBoundingClientRect();
    const below = window.innerHeight - box.bottom > menu.offsetHeight + 8;
    variable(menu, "left", `${Math.max(8, Math.min(box.left, window.innerWidth - menu.offsetWidth - 8))}px`);
    variable(menu, "top", `${below ? box.bottom + 4 : Math.max(8, box.top - menu.offsetHeight - 4)}px`);
    menu.firstElementChild?.focus();
  });
  menu.addEventListener("toggle", (event) => opener.setAttribute("aria-expanded", String(event.newState === "open")));
  menu.addEventListener("keydown", (event) => {
    const all = [...menu.children];
    const at = all.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      all[next % all.length]?.focus();
    } else if (event.key === "Tab" || event.key === "Escape") {
      if (event.key === "Escape") event.preventDefault();
      menu.hidePopover();
      opener.focus();
    }
  });
  return el("span", { class: "chooser" }, opener, menu);
}
