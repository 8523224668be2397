// A list of any length that draws only the rows in sight, each of the same height.

import { el, variable } from "./dom.js";

/** Rows drawn above and below those in sight. */
const BEYOND = 6;

/**
 * A list in `host`. `update(node, item)` writes an item into a row; `key(item)` gives its id; `chosen(item)` is called
 * when one is chosen by pointer or keyboard.
 */
export class VirtualList {
  #host;
  #room;
  #rows = [];
  #items = [];
  #height;
  #hooks;
  #active = -1;
  #activeKey = null;

  constructor(host, height, hooks) {
    this.#host = host;
    this.#height = height;
    this.#hooks = hooks;
    this.#room = el("div", { class: "room", role: "presentation" });
    host.append(this.#room);
    host.addEventListener("scroll", () => this.#draw(), { passive: true });
    host.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#draw()).observe(host);
  }

  /** Shows these items. Rows that the reader looks at stay where they are when new ones come above. */
  show(items) {
    const first = Math.floor(this.#host.scrollTop / this.#height);
    const anchor = this.#host.scrollTop > this.#height ? this.#items[first] : undefined;
    const offset = this.#host.scrollTop - first * this.#height;
    this.#items = items;
    variable(this.#room, "height", `${items.length * this.#height}px`);
    if (anchor !== undefined) {
      const key = this.#hooks.key(anchor);
      const index = items.findIndex((it) => this.#hooks.key(it) === key);
      if (index >= 0 && index !== first) this.#host.scrollTop = index * this.#height + offset;
    }
    this.#active = this.#activeKey === null ? -1 : items.findIndex((it) => this.#hooks.key(it) === this.#activeKey);
    this.#draw();
  }

  /** Marks the item with this key, if it is there. */
  mark(key) {
    this.#activeKey = key;
    this.#active = this.#items.findIndex((it) => this.#hooks.key(it) === key);
    this.#reveal();
    this.#draw();
  }

  /** Rows that are nodes now. */
  get drawn() {
    return this.#rows.length;
  }

  #draw() {
    const from = Math.max(0, Math.floor(this.#host.scrollTop / this.#height) - BEYOND);
    const wanted = Math.min(this.#items.length - from, Math.ceil(this.#host.clientHeight / this.#height) + 2 * BEYOND);
    while (this.#rows.length < wanted) this.#rows.push(this.#row());
    this.#rows.forEach((row, slot) => {
      const index = from + slot;
      const item = this.#items[index];
      row.hidden = slot >= wanted || item === undefined;
      if (row.hidden) {
        row.removeAttribute("id");
        return;
      }
      row.id = `${this.#host.id}-${this.#hooks.key(item)}`;
      variable(row, "transform", `translateY(${index * this.#height}px)`);
      row.setAttribute("aria-posinset", String(index + 1));
      row.setAttribute("aria-setsize", String(this.#items.length));
      row.setAttribute("aria-selected", String(index === this.#active));
      this.#hooks.update(row, item);
    });
    const item = this.#items[this.#active];
    const shown = item !== undefined && this.#active >= from && this.#active < from + wanted;
    if (shown) this.#host.setAttribute("aria-activedescendant", `${this.#host.id}-${this.#hooks.key(item)}`);
    else this.#host.removeAttribute("aria-activedescendant");
  }

  #row() {
    const row = el("div", { role: "option", class: "row-item" });
    row.addEventListener("click", () => {
      const index = Number(row.getAttribute("aria-posinset")) - 1;
      this.#choose(index);
    });
    this.#room.append(row);
    return row;
  }

  #choose(index) {
    const item = this.#items[index];
    if (item === undefined) return;
    this.#active = index;
    this.#activeKey = this.#hooks.key(item);
    this.#reveal();
    this.#draw();
    this.#hooks.chosen(item);
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.#host.clientHeight / this.#height) - 1);
    const next = { ArrowDown: this.#active + 1, ArrowUp: this.#active - 1, PageDown: this.#active + page, PageUp: this.#active - page, Home: 0, End: this.#items.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.#choose(Math.min(this.#items.length - 1, Math.max(0, next)));
  }

  #reveal() {
    if (this.#active < 0) return;
    const top = this.#active * this.#height;
    if (top < this.#host.scrollTop) this.#host.scrollTop = top;
    else if (top + this.#height > this.#host.scrollTop + this.#host.clientHeight) this.#host.scrollTop = top + this.#height - this.#host.clientHeight;
  }
}
