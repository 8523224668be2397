// Markdown within a line, as cards know it: emphasis, code, links, images, colours, mentions, tags.

import { el } from "./dom.js";
import { link } from "./link.js";
import { drawPicture } from "./picture.js";

const COLORS = ["blue", "wathet", "turquoise", "green", "yellow", "lime", "orange", "red", "carmine", "violet", "purple", "indigo", "grey", "neutral"];
const DEEPEST = 8;
const STYLES = [["**", "strong"], ["~~", "s"], ["__", "strong"], ["*", "em"], ["_", "em"]];
const TAGS = ["font", "text_tag", "number_tag", "a", "link", "at", "person", "b", "i", "u", "s", "strong", "em", "local_datetime", "raw"];

/** The nodes of one line. `people` gives the name of an open id. */
export function inline(source, people, depth = 0) {
  const nodes = [];
  // What closes nothing further on is not searched again, so that odd input takes no longer than its length.
  const missing = new Set();
  let plain = "";
  let at = 0;
  const find = (closer, from) => {
    if (missing.has(closer)) return -1;
    const found = source.indexOf(closer, from);
    if (found < 0) missing.add(closer);
    return found;
  };
  const put = (node, next) => {
    if (plain !== "") nodes.push(plain);
    plain = "";
    nodes.push(node);
    at = next;
  };
  while (at < source.length) {
    const found = depth < DEEPEST ? piece(source, at, find, people, depth) : null;
    if (found === null) {
      plain += source[at];
      at += 1;
    } else if (typeof found.node === "string") {
      plain += found.node;
      at = found.end;
    } else {
      put(found.node, found.end);
    }
  }
  if (plain !== "") nodes.push(plain);
  return nodes;
}

function piece(source, at, find, people, depth) {
  const here = source[at];
  if (here === "\\" && /[\\`*_~[\]<>#!-]/.test(source[at + 1] ?? "")) return { node: source[at + 1], end: at + 2 };
  if (here === "&") return entity(source, at);
  if (here === "`") {
    const end = find("`", at + 1);
    return end < 0 ? null : { node: el("code", {}, source.slice(at + 1, end)), end: end + 1 };
  }
  if (here === "!" && source[at + 1] === "[") return bracket(source, at + 1, find, (name, key) => drawPicture(key, name, "small"));
  if (here === "[") return bracket(source, at, find, (name, href) => link(href, inline(name, people, depth + 1)));
  if (here === "<") return tag(source, at, find, people, depth);
  for (const [mark, name] of STYLES) {
    if (!source.startsWith(mark, at) || /\s/.test(source[at + mark.length] ?? " ")) continue;
    // `_` inside a word is a letter: om_1_2.
    if (mark[0] === "_" && /\w/.test(source[at - 1] ?? " ")) continue;
    const end = find(mark, at + mark.length + 1);
    if (end < 0) continue;
    return { node: el(name, {}, inline(source.slice(at + mark.length, end), people, depth + 1)), end: end + mark.length };
  }
  return null;
}

function entity(source, at) {
  const found = /^&(?:#(\d{1,6})|(lt|gt|amp|quot|nbsp|ensp|emsp));/.exec(source.slice(at, at + 10));
  if (found === null) return null;
  const named = { lt: "<", gt: ">", amp: "&", quot: '"', nbsp: "\u00a0", ensp: "\u2002", emsp: "\u2003" };
  const code = Number(found[1]);
  const node = found[2] ? named[found[2]] : code > 0 && code < 0x110000 ? String.fromCodePoint(code) : "";
  return { node, end: at + found[0].length };
}

function bracket(source, at, find, make) {
  const middle = find("](", at);
  if (middle < 0) return null;
  const end = find(")", middle);
  const name = source.slice(at + 1, middle);
  if (end < 0 || name.includes("\n")) return null;
  return { node: make(name, source.slice(middle + 2, end).trim()), end: end + 1 };
}

function tag(source, at, find, people, depth) {
  const close = source.indexOf(">", at);
  if (close < 0 || close - at > 300) return null;
  const head = /^<([a-z_]+)([^<>]*?)\/?$/.exec(source.slice(at, close));
  if (head === null) return null;
  const [, name, rest] = head;
  if (name === "br") return { node: el("br"), end: close + 1 };
  if (name === "hr") return { node: el("hr"), end: close + 1 };
  if (!TAGS.includes(name)) return null;
  const attribute = (wanted) => new RegExp(`\\b${wanted}\\s*=\\s*(?:'([^']*)'|"([^"]*)"|([^\\s'"]+))`).exec(rest)?.slice(1).find((it) => it !== undefined) ?? "";
  const closer = `</${name}>`;
  const end = find(closer, close);
  if (end < 0 && name !== "at" && name !== "person") return null;
  const inner = end < 0 ? "" : source.slice(close + 1, end);
  const next = end < 0 ? close + 1 : end + closer.length;
  const children = () => inline(inner, people, depth + 1);
  switch (name) {
    case "font":
      return { node: el("span", { class: color(attribute("color")) }, children()), end: next };
    case "text_tag":
    case "number_tag":
      return { node: el("span", { class: `chip ${color(attribute("color"))}` }, children()), end: next };
    case "a":
    case "link":
      return { node: link(attribute("href") || attribute("url") || inner, inner === "" ? attribute("url") : children()), end: next };
    case "at":
    case "person": {
      const id = attribute("id") || attribute("user_id") || attribute("ids").split(",")[0] || attribute("email");
      return { node: el("span", { class: "mention" }, `@${people(id) || inner || id}`), end: next };
    }
    case "local_datetime":
      return { node: time(attribute("millisecond")) || inner, end: next };
    case "raw":
      return { node: inner, end: next };
    default:
      return { node: el(name, {}, children()), end: next };
  }
}

function time(millisecond) {
  const found = new Date(Number(millisecond));
  return Number.isNaN(found.getTime()) || millisecond === "" ? "" : found.toLocaleString();
}

/** The class of a colour's name, such as `red` or `blue-500`. */
export function color(name) {
  const found = String(name).split("-")[0];
  return COLORS.includes(found) ? `c-${found}` : "";
}
