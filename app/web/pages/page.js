// Loads the API's own description and shows it; nothing on this page is written down twice.
import { byId, el } from "./dom.js";
import { showForm } from "./form.js";
import { showOperations } from "./operations.js";

try {
  const response = await fetch("openapi.json");
  if (!response.ok) throw new Error(`openapi.json: ${response.status} ${response.statusText}`);
  const api = await response.json();
  showForm(api);
  showOperations(api);
} catch (error) {
  byId("failure").replaceChildren(el("p", { class: "failure" }, `This page cannot be shown: ${error.message}`));
  throw error;
}
