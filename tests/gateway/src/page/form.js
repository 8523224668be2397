// The values of a form's components, and what keeps it from being sent.

import { el, fresh } from "./dom.js";
import { t } from "./text.js";

/** A form of a card: components add themselves, the submit button asks for the values. */
export class Form {
  #fields = [];

  /** A component: `{name, value(), reset(), required, control}`; `value()` gives undefined when nothing is chosen. */
  add(field) {
    this.#fields.push(field);
    // What was missing is there: the note goes with the next change.
    for (const name of ["input", "change"]) (field.holder ?? field.control).addEventListener(name, () => mark(field, ""));
  }

  /** Puts back what the card said. */
  reset() {
    for (const field of this.#fields) {
      field.reset();
      mark(field, "");
    }
  }

  /** Whether a component has no name, which the platform refuses with 200530. */
  nameless() {
    return this.#fields.some((field) => field.name === "");
  }

  /** Values by name, or null while something that is required is missing; that is marked and has the focus. */
  values() {
    let first = null;
    const values = {};
    for (const field of this.#fields) {
      const value = field.value();
      const empty = value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
      const wrong = field.wrong?.() ?? "";
      const missing = (field.required && (empty || value === false) && t("form.required")) || wrong;
      mark(field, missing || "");
      if (missing) first ??= field;
      if (value !== undefined && field.name !== "") {
        Object.defineProperty(values, field.name, { value, enumerable: true, configurable: true, writable: true });
      }
    }
    first?.control.focus();
    return first === null ? values : null;
  }
}

function mark(field, words) {
  field.note?.remove();
  field.note = null;
  field.control.toggleAttribute("aria-invalid", false);
  field.control.removeAttribute("aria-describedby");
  if (words === "") return;
  const id = fresh("wrong");
  field.note = el("p", { class: "wrong", id }, words);
  field.control.setAttribute("aria-invalid", "true");
  field.control.setAttribute("aria-describedby", id);
  (field.holder ?? field.control).after(field.note);
}
