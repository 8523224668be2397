// Reads JSON that may have any shape: each reader gives a value of its type, whatever it finds.

/** A string; numbers and booleans in words, everything else "". */
export function text(value) {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/** A list; everything else is empty. */
export function list(value) {
  return Array.isArray(value) ? value : [];
}

/** An object; everything else is empty. */
export function object(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

/** The member of an object that is its own, not one of JavaScript's. */
export function member(value, name) {
  const members = object(value);
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

/** One of the allowed words, else the first. */
export function oneOf(value, allowed) {
  return allowed.includes(value) ? value : allowed[0];
}

/** A whole number within limits, else `otherwise`. */
export function number(value, least, most, otherwise) {
  const found = typeof value === "string" ? Number.parseFloat(value) : value;
  return Number.isFinite(found) ? Math.min(most, Math.max(least, found)) : otherwise;
}

/** The words of a text in the wanted language (`en_us`): of `i18n`, `i18n_content` or `content`, or the string itself. */
export function words(value, locale) {
  if (typeof value === "string") return value;
  for (const table of [member(value, "i18n_content"), member(value, "i18n")]) {
    const found = member(table, locale);
    if (typeof found === "string" && found !== "") return found;
  }
  const content = text(member(value, "content"));
  return content !== "" ? content : text(Object.values(object(member(value, "i18n_content") ?? member(value, "i18n")))[0]);
}

/** JSON as text to read, with an end where it is too long; nested deeper than a reader follows it is not indented. */
export function pretty(value, most = 20000) {
  let found;
  try {
    found = JSON.stringify(value, null, deeper(value, 60) ? 0 : 2) ?? String(value);
  } catch {
    found = "…";
  }
  return found.length > most ? `${found.slice(0, most)}\n…` : found;
}

/** Whether a value is nested deeper than so many levels. */
export function deeper(value, levels) {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((it) => (it !== null && typeof it === "object" ? Object.values(it) : []));
  }
  return false;
}

/** A JSON text as a value, or undefined. */
export function parse(source) {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}

/** What a JSON pointer leads to, or undefined. */
export function at(value, pointer) {
  const keys = pointer.split("/").slice(1).map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  return keys.reduce((found, key) => (Array.isArray(found) ? found[Number(key)] : member(found, key)), value);
}

/** A step of a JSON pointer added to another pointer. */
export function step(pointer, ...keys) {
  return pointer + keys.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
