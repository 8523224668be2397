// What an operation on a component does: ask first, open a link, send a callback, or nothing.

import { confirmed } from "./confirm.js";
import { address, open, target } from "./link.js";
import { list, member, text, words } from "./json.js";

/** The value of the first behaviour of this kind, or undefined. */
export function behaviour(element, type) {
  return list(member(element, "behaviors")).find((it) => member(it, "type") === type);
}

/** Whether the button submits or resets the form around it: "submit", "reset" or "". */
export function formAction(element) {
  const said = member(element, "form_action_type") ?? member(element, "action_type") ?? member(behaviour(element, "form_action"), "behavior");
  if (said === "submit" || said === "form_submit") return "submit";
  return said === "reset" || said === "form_reset" ? "reset" : "";
}

/** Where the component leads, or "". */
export function destination(element) {
  const opens = behaviour(element, "open_url");
  return target(opens) || target(member(element, "multi_url")) || text(member(element, "url"));
}

/** Whether an operation on the component reaches the bot. */
export function calls(element, version) {
  if (behaviour(element, "callback") !== undefined) return true;
  if (version === 2) return member(element, "tag") === "overflow";
  if (list(member(element, "behaviors")).length > 0) return false;
  const only = member(element, "tag") === "button" && destination(element) !== "";
  return !only || member(element, "value") !== undefined;
}

/** Asks what the card wants to be asked; true without a question. */
export async function asked(ctx, element) {
  const question = member(element, "confirm");
  if (question === undefined || question === null || typeof question !== "object") return true;
  return confirmed(words(member(question, "title"), ctx.locale), words(member(question, "text"), ctx.locale));
}

/**
 * Runs an operation. `change` is what the user did: `option`, `options`, `checked`, `input_value`, `form_value`.
 * False where the user said no, or the operation did not reach the bot.
 */
export async function operate(ctx, element, pointer, change, control) {
  if (!(await asked(ctx, element))) return false;
  return send(ctx, element, pointer, change, control);
}

/** The same without the question. */
export async function send(ctx, element, pointer, change, control) {
  const leads = destination(element);
  if (leads !== "" && !open(leads)) ctx.tell("card.badlink", { link: leads });
  if (formAction(element) !== "submit" && !calls(element, ctx.version)) {
    if (leads === "" || address(leads) === null) ctx.tell(ctx.version === 2 ? "card.nocallback" : "card.nothing");
    return leads !== "";
  }
  return ctx.act({ path: pointer, ...change }, control);
}
