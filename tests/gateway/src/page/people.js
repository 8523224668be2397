// The made-up people of an app: names in the chosen language, avatars.

import { el, variable } from "./dom.js";
import { lang } from "./text.js";

/** The name in the language of the page. */
export function nameOf(person) {
  return person.name?.[lang()] || person.name?.en || person.key || person.open_id;
}

/** A coloured circle with the first letter; screen readers pass over it, as the name is beside it. */
export function avatar(person, id) {
  const name = person ? nameOf(person) : id || "?";
  const node = el("span", { class: "avatar", "aria-hidden": "true" }, [...name.replace(/^ou_/, "")][0] ?? "?");
  if (/^#[0-9a-f]{6}$/i.test(person?.color ?? "")) variable(node, "--who", person.color);
  return node;
}

/** The avatar of a bot. */
export function botAvatar(name) {
  return el("span", { class: "avatar bot", "aria-hidden": "true" }, ([...(name || "B")][0] ?? "B").toUpperCase());
}
