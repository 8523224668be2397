// The box to write in: words, mentions with a list of people, a preview of a link while typing.

import { button, el, fill, fresh, icon, variable } from "./dom.js";
import { drawPreview } from "./message.js";
import { avatar, botAvatar, nameOf } from "./people.js";
import { onLang, t } from "./text.js";

/** How long the user must pause before the preview of a link is asked for, in milliseconds. */
const PAUSE = 500;
/** People offered at once. */
const OFFERED = 8;

/** Addresses in a text. */
export function addresses(source) {
  return [...new Set(source.match(/\bhttps?:\/\/[^\s<>"'）)」】]+/g) ?? [])].slice(0, 5);
}

/**
 * The composer in `host`. `people()` and `bot()` are who can be mentioned; `send(text)` gives a promise;
 * `preview(url)` asks for a preview before sending: `{inline, card}` or null.
 */
export function composer(host, { people, bot, send, preview }) {
  const listId = fresh("people");
  const box = el("textarea", { rows: "2", id: "words", "aria-autocomplete": "list", "aria-controls": listId, maxlength: "20000" });
  const offers = el("ul", { role: "listbox", id: listId, class: "offers", hidden: true });
  const shown = el("div", { class: "typing", "aria-live": "polite" });
  const sender = button("", go, { class: "primary send", id: "send" });
  let found = [];
  let active = 0;
  let asked = "";
  let timer = 0;

  fill(host, shown, offers, el("div", { class: "row" }, box, sender));

  function relabel() {
    box.setAttribute("placeholder", t("chat.write"));
    box.setAttribute("aria-label", t("chat.write"));
    offers.setAttribute("aria-label", t("chat.people"));
    fill(sender, icon("send"), t("chat.send"));
  }

  async function go() {
    const words = box.value.trim();
    if (words === "") return;
    box.value = "";
    asked = "";
    clearTimeout(timer);
    fill(shown);
    hide();
    box.focus();
    await send(words);
  }

  function begun() {
    return /(?:^|\s)@([^\s@]{0,40})$/.exec(box.value.slice(0, box.selectionStart));
  }

  function offer() {
    const match = begun();
    if (match === null) {
      hide();
      return;
    }
    const wanted = match[1].toLowerCase();
    const everybody = [{ bot: true, name: bot() }, ...people().map((person) => ({ person, name: nameOf(person) }))];
    found = everybody.filter((it) => `${it.name} ${it.person ? `${it.person.key} ${it.person.name.en} ${it.person.name.zh}` : "bot"}`.toLowerCase().includes(wanted)).slice(0, OFFERED);
    active = 0;
    offers.hidden = found.length === 0;
    fill(offers, found.map((it, index) => el("li", {
      role: "option", id: `${listId}-${index}`, "aria-selected": String(index === active),
      onpointerdown: (event) => {
        event.preventDefault();
        take(index);
      },
    }, it.bot ? botAvatar(it.name) : avatar(it.person, ""), it.name)));
    point();
  }

  function point() {
    [...offers.children].forEach((node, index) => node.setAttribute("aria-selected", String(index === active)));
    if (offers.hidden) box.removeAttribute("aria-activedescendant");
    else box.setAttribute("aria-activedescendant", `${listId}-${active}`);
  }

  function hide() {
    offers.hidden = true;
    box.removeAttribute("aria-activedescendant");
  }

  function take(index) {
    const match = begun();
    if (match === null || found[index] === undefined) return;
    const at = box.selectionStart;
    const from = at - match[1].length;
    // Names may hold blanks; keys do not, and the platform knows both.
    const name = found[index].bot ? "bot" : found[index].person.key;
    box.setRangeText(`${name} `, from, at, "end");
    hide();
  }

  function look() {
    const [url] = addresses(box.value);
    if (url === undefined) {
      asked = "";
      fill(shown);
      return;
    }
    if (url === asked) return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      asked = url;
      const answer = await preview(url);
      if (asked !== url) return;
      fill(shown, answer === null ? null : el("div", { class: "row" }, el("span", { class: "quiet" }, t("chat.preview")), drawPreview(answer, people(), { act: async () => false, tell: () => {}, fail: () => {} })));
    }, PAUSE);
  }

  box.addEventListener("input", () => {
    variable(box, "height", "auto");
    variable(box, "height", `${Math.min(200, box.scrollHeight + 2)}px`);
    offer();
    look();
  });
  box.addEventListener("blur", hide);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (!offers.hidden) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step !== undefined) {
        event.preventDefault();
        active = (active + step + found.length) % found.length;
        point();
        return;
      }
      if (event.key === "Enter" || event.key === "Tab") {
        event.preventDefault();
        take(active);
        return;
      }
      if (event.key === "Escape") {
        hide();
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      go();
    }
  });
  onLang(relabel);
  relabel();
  return { focus: () => box.focus() };
}
