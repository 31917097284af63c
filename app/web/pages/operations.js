// Lists the operations of the OpenAPI document, grouped by tag.
import { byId, el, pretty, prose, spans } from "./dom.js";

let api;

export function showOperations(document) {
  api = document;
  const listed = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })));
  byId("operations").append(...prose(api.info.description), ...api.tags.map((tag) => group(tag, listed)));
  byId("operations").hidden = false;
  const linked = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
  if (linked) {
    linked.open = true;
    linked.scrollIntoView();
  }
}

function group(tag, operations) {
  const own = operations.filter((operation) => operation.tags.includes(tag.name));
  return el("section", {}, el("h3", {}, tag.name), el("p", {}, ...spans(tag.description)), ...own.map(show));
}

function show(operation) {
  const head = el("summary", {},
    el("span", { class: `method ${operation.method}` }, operation.method.toUpperCase()),
    el("code", {}, operation.path), el("span", { class: "what" }, operation.summary));
  return el("details", { class: "operation", id: operation.operationId }, head,
    el("div", {}, ...prose(operation.description ?? ""), ...examples(operation), responses(operation)));
}

// The example of an answer has the same name as the example of its request.
function examples({ requestBody, responses }) {
  const answers = Object.values(responses["200"].content)[0].examples ?? {};
  return Object.entries(requestBody?.content ?? {}).flatMap(([type, { examples }]) =>
    Object.entries(examples).map(([name, { summary, value }]) =>
      el("details", { class: "example" }, el("summary", {}, summary, " ", el("small", {}, type)),
        el("pre", { tabindex: "0" }, type === "text/csv" ? value : pretty(value)), el("p", {}, "Answer:"),
        el("pre", { tabindex: "0" }, pretty(answers[name].value)))));
}

function responses(operation) {
  const lines = Object.entries(operation.responses).map(([status, response]) => {
    const { $ref } = response;
    const { description, content } = $ref ? api.components.responses[$ref.split("/").pop()] : response;
    return el("tr", {}, el("th", { scope: "row" }, status), el("td", {}, ...spans(description)),
      el("td", {}, el("code", {}, Object.keys(content).join(", "))));
  });
  const head = el("tr", {}, ...["Status", "When", "Type"].map((text) => el("th", { scope: "col" }, text)));
  return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...lines)));
}
