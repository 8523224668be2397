// Makes DOM nodes. Strings become text nodes or attribute values; nothing in the page parses HTML.

/** An element with attributes (`class`, `onclick`, …) and children: nodes, strings, arrays; null and false are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...flat(children));
  return node;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Replaces the children of a node. */
export function fill(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

/** A CSS length or number as a custom property; the policy of the page forbids style attributes. */
export function variable(node, name, value) {
  node.style.setProperty(name, value);
  return node;
}

let ids = 0;

/** An id that is used once, for labels and descriptions. */
export function fresh(prefix) {
  ids += 1;
  return `${prefix}-${ids}`;
}

/** Words for screen readers only. */
export function hidden(words) {
  return el("span", { class: "sr" }, words);
}

/** A button with words; `options` are further attributes. */
export function button(words, onclick, options = {}) {
  return el("button", { type: "button", ...options, onclick }, words);
}

const DRAWINGS = {
  chat: "M4 5h16v11H9l-5 4z",
  timeline: "M4 6h10M4 12h16M4 18h7",
  plug: "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4",
  close: "M6 6l12 12M18 6L6 18",
  send: "M4 12l16-8-5 16-3-7z",
  more: "M4.500 12a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0M11.500 12a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0M18.500 12a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0",
  down: "M6 9l6 6 6-6",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4",
  cards: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.500 17.500L5 19",
  pause: "M8 5v14M16 5v14",
  play: "M7 5l12 7-12 7z",
  check: "M5 13l4 4L19 7",
  warn: "M12 4l9 16H3zM12 10v4M12 17h.01",
};

/** A drawing beside words; screen readers pass over it. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["class", "icon"], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
  path.setAttribute("d", DRAWINGS[name] ?? "");
  svg.append(path);
  return svg;
}
