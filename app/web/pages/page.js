// Loads the description of the API and shows it: everything on this page comes from there.
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
  byId("failure").replaceChildren(el("p", { class: "failure" }, `Cannot show this page: ${error.message}`));
  throw error;
}
