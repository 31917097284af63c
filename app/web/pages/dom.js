// Helpers to build the page. Text only becomes text nodes: nothing here parses HTML.

export const byId = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

// Paragraphs and `code`: the only Markdown that the descriptions use.
export function prose(text) {
  return text.trim().split(/\n\n+/).map((paragraph) => el("p", {}, ...spans(paragraph)));
}

export function spans(text) {
  return text.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));
}

// JSON for people: what is short, or an array of plain values, stays on one line.
export function pretty(value, indent = "") {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const write = (deeper) => Object.entries(value).map(([key, item]) =>
    (Array.isArray(value) ? "" : `${JSON.stringify(key)}: `) + pretty(item, deeper));
  const line = `${open}${write(indent).join(", ")}${close}`;
  const plain = Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null);
  if (plain || (line.length < 90 && !line.includes("\n"))) return line;
  return `${open}\n${indent}  ${write(`${indent}  `).join(`,\n${indent}  `)}\n${indent}${close}`;
}
