// A list to choose from, by pointer, keyboard and screen reader; the native one sends each step of an arrow key.

import { button, el, fill, fresh, icon, variable } from "./dom.js";
import { t } from "./text.js";

/** From so many entries on there is a box to search them. */
const SEARCHED = 8;
/** Entries that are drawn at most. */
const DRAWN = 300;

/**
 * A chooser. `options`: `{value, label, node?, disabled?}`; `chosen`: values; `commit(values)` is called when the user has
 * chosen. Gives `{node, value(), set(values)}`.
 */
export function chooser({ label, placeholder, options, multiple, chosen, disabled, commit }) {
  let selected = [...chosen];
  let active = 0;
  let shown = options.slice(0, DRAWN);
  const listId = fresh("list");
  const items = el("ul", { role: "listbox", id: listId, "aria-label": label, "aria-multiselectable": multiple ? "true" : null });
  const search = el("input", { type: "search", class: "search", role: "combobox", "aria-expanded": "true", "aria-controls": listId, "aria-label": t("choose.search"), placeholder: t("choose.search"), autocomplete: "off" });
  const searched = options.length >= SEARCHED;
  if (!searched) items.tabIndex = 0;
  const done = multiple ? button(t("choose.done"), () => close(true), { class: "primary small" }) : null;
  const popup = el("div", { class: "popup", popover: "auto" }, searched && search, items, done && el("div", { class: "row end" }, done));
  const face = el("span", { class: "face" });
  const opener = el("button", { type: "button", class: "choice", "aria-haspopup": "listbox", "aria-expanded": "false", disabled }, face, icon("down"));
  const node = el("span", { class: "chooser" }, opener, popup);
  const focusOn = searched ? search : items;

  function names() {
    return options.filter((it) => selected.includes(it.value)).map((it) => it.label);
  }

  function refresh() {
    const found = names();
    fill(face, found.length > 0 ? found.join(t("list.comma")) : placeholder);
    face.classList.toggle("empty", found.length === 0);
    opener.setAttribute("aria-label", `${label}: ${found.length > 0 ? found.join(t("list.comma")) : t("choose.none")}`);
  }

  function draw() {
    fill(items, shown.map((option, index) => el("li", {
      role: "option", id: `${listId}-${index}`, "aria-selected": String(selected.includes(option.value)), "aria-disabled": option.disabled ? "true" : null,
      class: index === active ? "active" : null, onclick: () => choose(index), onmousemove: () => move(index, false),
    }, option.node?.() ?? null, el("span", {}, option.label), el("span", { class: "tick" }, icon("check")))));
    if (shown.length === 0) items.append(el("li", { class: "empty", role: "option", "aria-disabled": "true", "aria-selected": "false" }, t("choose.nothing")));
    point();
  }

  function point() {
    if (shown.length === 0) focusOn.removeAttribute("aria-activedescendant");
    else focusOn.setAttribute("aria-activedescendant", `${listId}-${active}`);
  }

  function move(index, scroll = true) {
    if (shown.length === 0) return;
    items.children[active]?.classList.remove("active");
    active = Math.min(shown.length - 1, Math.max(0, index));
    items.children[active]?.classList.add("active");
    if (scroll) items.children[active]?.scrollIntoView({ block: "nearest" });
    point();
  }

  function choose(index) {
    const option = shown[index];
    if (option === undefined || option.disabled) return;
    if (!multiple) {
      selected = [option.value];
      close(true);
      return;
    }
    selected = selected.includes(option.value) ? selected.filter((it) => it !== option.value) : [...selected, option.value];
    items.children[index].setAttribute("aria-selected", String(selected.includes(option.value)));
    refresh();
  }

  let before = [];

  function show() {
    before = [...selected];
    search.value = "";
    shown = options.slice(0, DRAWN);
    active = Math.max(0, shown.findIndex((it) => selected.includes(it.value)));
    draw();
    popup.showPopover();
    place();
    focusOn.focus();
    move(active);
  }

  function place() {
    const box = opener.getBoundingClientRect();
    variable(popup, "min-width", `${Math.max(180, box.width)}px`);
    const height = popup.offsetHeight;
    const below = window.innerHeight - box.bottom > height + 8 || box.top < height + 8;
    variable(popup, "left", `${Math.max(8, Math.min(box.left, window.innerWidth - popup.offsetWidth - 8))}px`);
    variable(popup, "top", `${below ? Math.min(box.bottom + 4, Math.max(8, window.innerHeight - height - 8)) : box.top - height - 4}px`);
  }

  function close(keep) {
    if (!keep) selected = before;
    popup.hidePopover();
    opener.focus();
  }

  popup.addEventListener("toggle", (event) => {
    const opened = event.newState === "open";
    opener.setAttribute("aria-expanded", String(opened));
    if (opened) return;
    refresh();
    if (JSON.stringify(before) !== JSON.stringify(selected)) {
      node.dispatchEvent(new Event("change"));
      commit([...selected]);
    }
    before = [...selected];
  });
  opener.addEventListener("click", show);
  opener.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      show();
    }
  });
  search.addEventListener("input", (event) => {
    event.stopPropagation();
    const wanted = search.value.trim().toLowerCase();
    shown = options.filter((it) => `${it.label} ${it.find ?? ""}`.toLowerCase().includes(wanted)).slice(0, DRAWN);
    active = 0;
    draw();
  });
  focusOn.addEventListener("keydown", (event) => {
    const typing = focusOn === search;
    const keys = {
      ArrowDown: () => move(active + 1), ArrowUp: () => move(active - 1), PageDown: () => move(active + 8), PageUp: () => move(active - 8),
      Enter: () => choose(active), Escape: () => close(false), Tab: () => close(true),
      ...(typing ? {} : { Home: () => move(0), End: () => move(shown.length - 1), " ": () => choose(active) }),
    };
    if (keys[event.key] !== undefined) {
      // With Tab the done button of a multiple choice comes next.
      if (event.key === "Tab" && multiple && !event.shiftKey) return;
      if (event.key !== "Tab") event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    } else if (!typing && event.key.length === 1) {
      const found = shown.findIndex((it, index) => index > active && it.label.toLowerCase().startsWith(event.key.toLowerCase()));
      move(found >= 0 ? found : shown.findIndex((it) => it.label.toLowerCase().startsWith(event.key.toLowerCase())));
    }
  });
  refresh();
  return { node, opener, value: () => [...selected], set: (values) => { selected = [...values]; before = [...values]; refresh(); } };
}
