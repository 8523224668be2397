// Draws a card of JSON 1.0 or 2.0. Whatever is in it, the result is a node, and text stays text.

import { drawButton, drawOverflow } from "./buttons.js";
import { drawImages, drawSelect } from "./choices.js";
import { drawActions, drawAll, drawColumn, drawColumns, drawForm, drawPanel, drawPressable, drawUnknown } from "./containers.js";
import { drawCardLink, drawDiv, drawHeader, drawImage, drawImageGrid, drawLine, drawMarkdown, drawNote, drawPeople, drawPerson, drawTable, drawText, textNodes } from "./display.js";
import { el } from "./dom.js";
import { drawChecker, drawInput, drawPicker } from "./fields.js";
import { list, member, object, pretty, text } from "./json.js";
import { nameOf } from "./people.js";
import { locale, t } from "./text.js";

/** Components that are drawn of one card; the platform allows 200. */
const MOST = 1000;
/** Levels of nesting that are drawn. */
const DEEPEST = 30;

const DRAWN = new Map(Object.entries({
  action: drawActions, button: drawButton, checker: drawChecker, collapsible_panel: drawPanel, column: drawColumn, column_set: drawColumns,
  date_picker: drawPicker, div: drawDiv, form: drawForm, hr: drawLine, img: drawImage, img_combination: drawImageGrid, input: drawInput,
  interactive_container: drawPressable, lark_md: drawText, markdown: drawMarkdown, multi_select_person: drawSelect, multi_select_static: drawSelect,
  note: drawNote, overflow: drawOverflow, person: drawPerson, person_list: drawPeople, picker_datetime: drawPicker, picker_time: drawPicker,
  plain_text: drawText, select_img: drawImages, select_person: drawSelect, select_static: drawSelect, table: drawTable,
}));

/**
 * The node of a card. `people`: the directory. `act(change, control)`: the user operated a component; false undoes it.
 * `tell(key, names)`: a hint for the author of the card. `fail(code)`: the client refuses the operation.
 */
export function drawCard(card, { people, act, tell, fail, streaming = false }) {
  if (member(card, "type") === "template") return template(card);
  const version = member(card, "schema") === "2.0" ? 2 : 1;
  const budget = { left: MOST };
  const ctx = {
    version, people, act, tell, fail, form: null, depth: 0, locale: locale(),
    name: (id) => (id === "all" ? t("chat.everybody") : named(people, id)),
    words: (value) => textNodes(value, ctx),
    drawIn: (inner, element, pointer) => draw(inner, element, pointer, budget),
  };
  ctx.draw = (element, pointer) => ctx.drawIn(ctx, element, pointer);
  const header = member(member(card, "i18n_header"), ctx.locale) ?? member(card, "header");
  const [elements, pointer] = body(card, version, ctx.locale);
  return el("article", { class: `card ${streaming ? "streaming" : ""}`, "aria-label": t("card.card") },
    drawHeader(header, ctx),
    el("div", { class: `cardbody ${text(member(member(card, "body"), "direction")) === "horizontal" ? "horizontal" : ""}` }, drawAll(elements, pointer, ctx)),
    budget.left < 0 ? el("p", { class: "quiet" }, t("card.toomany", { count: -budget.left, most: MOST })) : null,
    drawCardLink(member(card, "card_link")));
}

function body(card, version, wanted) {
  if (version === 2) return [member(member(card, "body"), "elements"), "/body/elements"];
  const languages = object(member(card, "i18n_elements"));
  if (!Array.isArray(member(card, "elements")) || Array.isArray(member(languages, wanted))) {
    const name = Array.isArray(member(languages, wanted)) ? wanted : Object.keys(languages)[0];
    if (name !== undefined) return [member(languages, name), `/i18n_elements/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`];
  }
  return [list(member(card, "elements")), "/elements"];
}

function draw(ctx, element, pointer, budget) {
  budget.left -= 1;
  if (budget.left < 0) return null;
  const tag = text(member(element, "tag"));
  const drawer = DRAWN.get(tag);
  if (drawer === undefined || ctx.depth >= DEEPEST) return drawUnknown(tag, pretty(element));
  ctx.depth += 1;
  try {
    return drawer(element, pointer, ctx);
  } catch (error) {
    console.warn("a component could not be drawn", error);
    return drawUnknown(tag, pretty(element));
  } finally {
    ctx.depth -= 1;
  }
}

function named(people, id) {
  const found = people.find((it) => it.open_id === id || it.user_id === id);
  return found ? nameOf(found) : "";
}

function template(card) {
  const data = member(card, "data");
  return el("article", { class: "card", "aria-label": t("card.card") }, el("div", { class: "cardbody" },
    el("p", {}, t("card.template", { id: text(member(data, "template_id")) || "?" })),
    el("pre", { tabindex: "0" }, pretty(member(data, "template_variable") ?? {}))));
}
