// Markdown of cards: paragraphs, headings, lists, quotes, code, tables, lines.

import { el } from "./dom.js";
import { inline } from "./inline.js";

/** Characters that are drawn; the platform's limit for a whole card is 30 KB. */
const LONGEST = 60000;

/** The nodes of a Markdown text. `people` gives the name of an open id. */
export function markdown(source, people) {
  const lines = source.slice(0, LONGEST).replaceAll("\r\n", "\n").split("\n");
  const nodes = [];
  let at = 0;
  while (at < lines.length) {
    const [node, next] = block(lines, at, people);
    if (node !== null) nodes.push(node);
    at = Math.max(next, at + 1);
  }
  if (source.length > LONGEST) nodes.push(el("p", {}, "…"));
  return nodes;
}

function block(lines, at, people) {
  const line = lines[at];
  const fence = /^\s*```(\S*)/.exec(line);
  if (fence !== null) return code(lines, at, fence[1]);
  if (line.trim() === "") return [null, at + 1];
  if (/^\s*(-{3,}|\*{3,})\s*$/.test(line)) return [el("hr"), at + 1];
  const heading = /^(#{1,6})\s+(.*)$/.exec(line);
  if (heading !== null) {
    // A card is not the outline of the page; its headings are named as such and have a level of their own.
    return [el("p", { class: `h h${heading[1].length}` }, inline(heading[2], people)), at + 1];
  }
  if (/^\s*>/.test(line)) return quote(lines, at, people);
  if (LIST.test(line)) return items(lines, at, people);
  if (line.includes("|") && /^[\s|:-]+$/.test(lines[at + 1] ?? "") && (lines[at + 1] ?? "").includes("-")) {
    return table(lines, at, people);
  }
  return paragraph(lines, at, people);
}

const LIST = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;

function code(lines, at, language) {
  let end = at + 1;
  while (end < lines.length && !/^\s*```/.test(lines[end])) end += 1;
  const body = el("code", {}, lines.slice(at + 1, end).join("\n"));
  return [el("pre", { tabindex: "0", "data-language": language }, body), end + 1];
}

function quote(lines, at, people) {
  let end = at;
  const inner = [];
  while (end < lines.length && /^\s*>/.test(lines[end])) {
    inner.push(lines[end].replace(/^\s*>\s?/, ""));
    end += 1;
  }
  return [el("blockquote", {}, inner.map((line) => el("p", {}, inline(line, people)))), end];
}

function items(lines, at, people) {
  const [, indent, mark] = LIST.exec(lines[at]);
  const ordered = /\d/.test(mark);
  const node = el(ordered ? "ol" : "ul", ordered ? { start: Number.parseInt(mark, 10) } : {});
  let end = at;
  while (end < lines.length) {
    const found = LIST.exec(lines[end]);
    if (found === null || found[1].length < indent.length || /\d/.test(found[2]) !== ordered) break;
    if (found[1].length > indent.length && node.lastChild !== null && indent.length < 12) {
      const [inner, next] = items(lines, end, people);
      node.lastChild.append(inner);
      end = next;
    } else {
      node.append(el("li", {}, inline(found[3], people)));
      end += 1;
    }
  }
  return [node, end];
}

function table(lines, at, people) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").slice(0, 30);
  const row = (line, tag) => el("tr", {}, cells(line).map((cell) => el(tag, {}, inline(cell.trim(), people))));
  let end = at + 2;
  const body = el("tbody");
  while (end < lines.length && lines[end].includes("|")) {
    body.append(row(lines[end], "td"));
    end += 1;
  }
  return [el("div", { class: "scroll" }, el("table", {}, el("thead", {}, row(lines[at], "th")), body)), end];
}

function paragraph(lines, at, people) {
  const node = el("p", {}, inline(lines[at], people));
  let end = at + 1;
  while (end < lines.length && plain(lines[end])) {
    node.append(el("br"), ...inline(lines[end], people));
    end += 1;
  }
  return [node, end];
}

function plain(line) {
  return line.trim() !== "" && !/^\s*(```|>|#{1,6}\s|-{3,}\s*$)/.test(line) && !LIST.test(line) && !line.includes("|");
}
