// The words of the page in the chosen language, and dates and numbers as that language writes them.

import { en } from "./words-en.js";
import { zh } from "./words-zh.js";

const TABLES = { en, zh };
const KEY = "feishu-gateway.lang";
const listeners = new Set();
let chosen = kept() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

function kept() {
  try {
    const found = localStorage.getItem(KEY);
    return Object.hasOwn(TABLES, found) ? found : null;
  } catch {
    return null;
  }
}

/** The language: `en` or `zh`. */
export function lang() {
  return chosen;
}

/** The language as cards name it. */
export function locale() {
  return chosen === "zh" ? "zh_cn" : "en_us";
}

/** Chooses a language; everything that listens is drawn anew. */
export function setLang(wanted) {
  chosen = wanted;
  try {
    localStorage.setItem(KEY, wanted);
  } catch {
    // A browser may forbid storage; then the choice lasts as long as the page.
  }
  document.documentElement.lang = wanted === "zh" ? "zh-CN" : "en";
  label(document);
  for (const listener of listeners) listener();
}

/** Calls the function after each change of the language. */
export function onLang(listener) {
  listeners.add(listener);
}

/** The words of a key; `{name}` in them is replaced. */
export function t(key, names = {}) {
  const words = TABLES[chosen][key] ?? en[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(names, name) ? String(names[name]) : whole));
}

/** Both languages of `{en, zh}`: the chosen one. */
export function both(words) {
  return words?.[chosen] || words?.en || "";
}

/** Writes the words of the elements that name a key in `data-t`, and the labels of those with `data-label`. */
export function label(root) {
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  for (const node of root.querySelectorAll("[data-placeholder]")) node.setAttribute("placeholder", t(node.dataset.placeholder));
}

/** A time of day, with the seconds. */
export function clock(millis) {
  return new Date(millis).toLocaleTimeString(document.documentElement.lang, { hour12: false });
}

/** Milliseconds in words: `12 ms`, `2.41 s`. */
export function span(millis) {
  if (millis === null || millis === undefined) return "–";
  return millis < 1000 ? `${millis < 10 ? millis.toFixed(1) : Math.round(millis)} ms` : `${(millis / 1000).toFixed(2)} s`;
}

/** How long ago, roughly. */
export function ago(millis, now) {
  const seconds = Math.max(0, Math.round((now - millis) / 1000));
  if (seconds < 60) return t("ago.seconds", { count: seconds });
  if (seconds < 3600) return t("ago.minutes", { count: Math.floor(seconds / 60) });
  return t("ago.hours", { count: Math.floor(seconds / 3600) });
}
