// Links of cards and messages: only schemes that open a page or the client.

import { el } from "./dom.js";
import { member, text } from "./json.js";

const SCHEMES = ["http:", "https:", "lark:", "feishu:"];

/** The address, if it is one to follow; else null. */
export function address(value) {
  const wanted = text(value).trim();
  try {
    const url = new URL(wanted);
    return SCHEMES.includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** A link; only its words where the address is not one to follow. */
export function link(value, ...children) {
  const href = address(value);
  if (href === null) return el("span", { class: "nolink" }, ...children);
  return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

/** The address in `{url, pc_url, …}` or `{default_url, pc_url, …}`, or in a string. */
export function target(value) {
  if (typeof value === "string") return value;
  for (const name of ["pc_url", "default_url", "url", "web", "pc", "copy_url"]) {
    const found = text(member(value, name));
    if (found !== "") return found;
  }
  return "";
}

/** Opens the address in a new tab; false where it is not one to follow. */
export function open(value) {
  const href = address(value);
  if (href !== null) window.open(href, "_blank", "noopener,noreferrer");
  return href !== null;
}

/** Splits text into words and links. */
export function linkify(source) {
  const found = [];
  let end = 0;
  for (const match of source.matchAll(/\bhttps?:\/\/[^\s<>"'）)」】]+/g)) {
    found.push(source.slice(end, match.index), link(match[0], match[0]));
    end = match.index + match[0].length;
  }
  found.push(source.slice(end));
  return found;
}
