// The form: one input for each field of the chosen model, and the request that they make.
import { byId, el, pretty } from "./dom.js";
import { SHAPES, curl, literal, typeOf } from "./shapes.js";

const BASE = new URL(".", document.baseURI);
let api;

export function showForm(document) {
  api = document;
  const models = api["x-slipway-models"];
  byId("model").append(...models.map((model, i) => new Option(`${model.name}, version ${model.version}`, i)));
  byId("shape").append(...Object.entries(SHAPES).map(([key, shape]) => new Option(shape.title, key)));
  byId("model").value = models.findIndex((model) => model.default);
  // These come before the form's own, which read the fields.
  byId("model").addEventListener("input", chooseModel);
  byId("example").addEventListener("input", fillIn);
  byId("form").addEventListener("input", () => blame(null));
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
  // MLflow's route has no place for a name: it is the default model's.
  for (const option of byId("shape").options) {
    option.disabled = !model.default && SHAPES[option.value].path(model) === "invocations";
  }
  if (byId("shape").selectedOptions[0].disabled) byId("shape").value = "rows";
  byId("fields").replaceChildren(...row().prefixItems.map(field));
  const title = (values, i) => `Example ${i + 1}${values.includes(null) ? ", a value missing" : ""}`;
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
  const shape = SHAPES[byId("shape").value];
  const infer = api.paths[`/v2/models/${model.name}/infer`].post.requestBody.content["application/json"];
  const tensors = infer.examples.fields.value.inputs;
  const values = inputs().map((input, i) => {
    const text = input.value.trim();
    return { name: input.name, text, literal: literal(text), datatype: tensors[i].datatype };
  });
  return { url: new URL(shape.path(model), BASE).href, type: typeOf(shape), body: shape.body(values) };
}

function refresh() {
  const { url, type, body } = request();
  byId("target").textContent = `POST ${new URL(url).pathname}`;
  byId("body").textContent = body;
  byId("curl").textContent = curl(url, type, body);
  // What is shown is still the answer to what was sent before.
  byId("answer").classList.add("stale");
}

async function send(event) {
  event.preventDefault();
  const form = byId("form");
  // Not disabled: a button that is loses the keyboard's focus.
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  const { url, type, body } = request();
  blame(null);
  const start = performance.now();
  try {
    const response = await fetch(url, { method: "POST", headers: { "content-type": type }, body });
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
  if (!response.ok) blame(answer.error?.field ?? named(head), head);
}

const predictions = (answer) => [answer.predictions ?? answer.outputs[0].data].flat(2).join(", ");
const message = (answer) => answer.error?.message ?? answer.message ?? answer.error ?? String(answer);

// MLflow's and V2's errors have no place for a field: their sentences begin with it.
function named(sentence) {
  const begins = ({ name }) => sentence.startsWith(`field '${name}'`) || sentence.startsWith(`field "${name}"`);
  return inputs().find(begins)?.name;
}

function blame(name, sentence) {
  for (const input of inputs()) {
    const guilty = input.name === name;
    input.setAttribute("aria-invalid", guilty);
    byId(`${input.id}-error`).textContent = guilty ? sentence.replace(/^field .*?: /, "") : "";
    if (guilty) input.focus();
  }
}

async function copy({ currentTarget: button }) {
  const source = byId(button.dataset.copy);
  getSelection().selectAllChildren(source);
  // The clipboard's own interface is there on https and localhost only.
  if (navigator.clipboard) await navigator.clipboard.writeText(source.textContent);
  else document.execCommand("copy");
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}
