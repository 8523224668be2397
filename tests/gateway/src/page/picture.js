// An image: one that a bot uploaded is shown, of any other the page knows the key only.

import { el, icon } from "./dom.js";

/** What the platform gives to an upload; keys of elsewhere are longer or shorter. */
const UPLOADED = /^img_v3_[0-9a-f]{32}$/;

/** The node of an image by its key. `name` is for those who do not see it, `extra` a class: `small` in a line of text. */
export function drawPicture(key, name, extra = "") {
  const title = name || key;
  const placeholder = () => el("span", { class: `picture ${extra}`, role: "img", "aria-label": title || "image", title: key || null }, icon("image"), el("span", { class: "key" }, title));
  if (!UPLOADED.test(key)) return placeholder();
  const image = el("img", { class: `photo ${extra}`, src: `/page/images/${key}`, alt: title });
  // Forgotten since, or of a kind that browsers do not draw.
  image.addEventListener("error", () => image.replaceWith(placeholder()));
  return image;
}
