// The form: one input for each field of the chosen model, and the request that the inputs make.
import { byId, el, pretty } from "./dom.js";
import { FORMATS, curl, literal, typeOf } from "./formats.js";
import { ask, curlHeader } from "./key.js";

const BASE = new URL(".", document.baseURI);
let api;

export function showForm(document) {
  api = document;
  const models = api["x-slipway-models"];
  byId("model").append(...models.map((model, i) => new Option(`${model.name}, version ${model.version}`, i)));
  byId("format").append(...Object.entries(FORMATS).map(([key, format]) => new Option(format.title, key)));
  byId("model").value = models.findIndex((model) => model.default);
  // Register these before the form's own listeners, which read the fields.
  byId("model").addEventListener("input", chooseModel);
  byId("example").addEventListener("input", fillIn);
  byId("form").addEventListener("input", () => markError(null));
  byId("form").addEventListener("input", refresh);
  byId("form").addEventListener("submit", send);
  for (const button of window.document.querySelectorAll("[data-copy]")) button.addEventListener("click", copy);
  byId("try").hidden = false;
  chooseModel();
}

const chosen = () => api["x-slipway-models"][byId("model").value];
const row = () => api.components.schemas[`${chosen().name}.Row`];
const inputs = () => [...byId("fields").querySelectorAll("input, select")];

function chooseModel() {
  const model = chosen();
  // The path of MLflow's route names no model: it serves the default one.
  for (const option of byId("format").options) {
    option.disabled = !model.default && FORMATS[option.value].path(model) === "invocations";
  }
  if (byId("format").selectedOptions[0].disabled) byId("format").value = "rows";
  byId("fields").replaceChildren(...row().prefixItems.map(field));
  const title = (values, i) => `Example ${i + 1}${values.includes(null) ? ", with a missing value" : ""}`;
  byId("example").replaceChildren(...row().examples.map((values, i) => new Option(title(values, i), i)));
  fillIn();
}

function field(schema, i) {
  const [type, nullable] = [api.components.schemas[schema.$ref.split("/").pop()].type].flat();
  const id = `field-${i}`;
  const about = { id, name: schema.title, "aria-describedby": `${id}-hint ${id}-error` };
  const words = ["true", "false", ...(nullable ? [""] : [])];
  const input = type === "boolean"
    ? el("select", about, ...words.map((word) => new Option(word || "missing", word)))
    : el("input", { ...about, autocomplete: "off", spellcheck: "false", placeholder: nullable && "missing" });
  const kind = type === "integer" && "whole number";
  const hint = [kind, schema.description, nullable && "may be empty"].filter(Boolean).join(", ");
  return el("p", {}, el("label", { for: id }, schema.title), input,
    el("small", { id: `${id}-hint` }, hint), el("strong", { id: `${id}-error` }));
}

function fillIn() {
  const values = row().examples[byId("example").value];
  inputs().forEach((input, i) => { input.value = values[i] === null ? "" : String(values[i]); });
  refresh();
}

function request() {
  const model = chosen();
  const format = FORMATS[byId("format").value];
  const infer = api.paths[`/v2/models/${model.name}/infer`].post.requestBody.content["application/json"];
  const tensors = infer.examples.fields.value.inputs;
  const values = inputs().map((input, i) => {
    const text = input.value.trim();
    return { name: input.name, text, literal: literal(text), datatype: tensors[i].datatype };
  });
  return { url: new URL(format.path(model), BASE).href, type: typeOf(format), body: format.body(values) };
}

export function refresh() {
  const { url, type, body } = request();
  byId("target").textContent = `POST ${new URL(url).pathname}`;
  byId("body").textContent = body;
  byId("curl").textContent = curl(url, type, body, curlHeader());
  // The answer on the page belongs to the previous request.
  byId("answer").classList.add("stale");
}

async function send(event) {
  event.preventDefault();
  const form = byId("form");
  // Do not disable the button: it would lose the keyboard's focus.
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  const { url, type, body } = request();
  markError(null);
  const start = performance.now();
  try {
    const response = await ask(url, { method: "POST", headers: { "content-type": type }, body });
    const text = await response.text();
    show(response, text, performance.now() - start);
  } catch (error) {
    byId("answer").replaceChildren(el("p", { class: "failure" }, `No answer: ${error.message}`));
  }
  byId("answer").classList.remove("stale");
  form.ariaBusy = "false";
}

function show(response, text, milliseconds) {
  const answer = response.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(text) : text;
  const facts = [
    `${response.status} ${response.statusText}`.trim(),
    `${milliseconds.toFixed(1)} ms`,
    `request id ${response.headers.get("x-request-id")}`,
  ];
  const head = response.ok ? predictions(answer) : message(answer);
  byId("answer").replaceChildren(
    el("p", { class: response.ok ? "prediction" : "failure" }, head),
    el("ul", {}, ...facts.map((fact) => el("li", {}, fact))),
    el("pre", { tabindex: "0" }, typeof answer === "string" ? answer : pretty(answer)));
  if (!response.ok) markError(answer.error?.field ?? fieldOf(head), head);
}

const predictions = (answer) => [answer.predictions ?? answer.outputs[0].data].flat(2).join(", ");
const message = (answer) => answer.error?.message ?? answer.message ?? answer.error ?? String(answer);

// Errors of MLflow and V2 have no member for the field: their message begins with it.
function fieldOf(text) {
  const begins = ({ name }) => text.startsWith(`field '${name}'`) || text.startsWith(`field "${name}"`);
  return inputs().find(begins)?.name;
}

function markError(name, text) {
  for (const input of inputs()) {
    const wrong = input.name === name;
    input.setAttribute("aria-invalid", wrong);
    byId(`${input.id}-error`).textContent = wrong ? text.replace(/^field .*?: /, "") : "";
    if (wrong) input.focus();
  }
}

async function copy({ currentTarget: button }) {
  const source = byId(button.dataset.copy);
  getSelection().selectAllChildren(source);
  // Browsers offer the clipboard's interface only on https and localhost.
  if (navigator.clipboard) await navigator.clipboard.writeText(source.textContent);
  else document.execCommand("copy");
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}
