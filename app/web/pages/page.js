// Loads the description of the API and shows it: everything on this page comes from there.
import { byId, el } from "./dom.js";
import { refresh, showForm } from "./form.js";
import { ask, isRefused, watchKey } from "./key.js";
import { showOperations } from "./operations.js";

let shown = false;

async function load() {
  const response = await ask("openapi.json");
  // The form for the key is on the page now, and calls this again.
  if (isRefused(response)) return;
  if (!response.ok) throw new Error(`openapi.json: ${response.status} ${response.statusText}`);
  const api = await response.json();
  showForm(api);
  showOperations(api);
  shown = true;
}

async function show() {
  try {
    byId("failure").replaceChildren();
    await (shown ? refresh() : load());
  } catch (error) {
    byId("failure").replaceChildren(el("p", { class: "failure" }, `Cannot show this page: ${error.message}`));
    throw error;
  }
}

watchKey(show);
await show();
