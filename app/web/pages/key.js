// The key, where the API asks for one. It stays in this tab: sessionStorage ends with the tab.
import { byId } from "./dom.js";

const STORED = "slipway-key";
const HEADER = "x-api-key";
const REASONS = {
  401: "This API needs a key. The key stays in this tab and is gone when you close it.",
  403: "The API does not accept this key: it is unknown or has expired.",
};
// A browser may forbid sessionStorage: the key then lasts until the page is loaded again.
let key = stored((storage) => storage.getItem(STORED));

function stored(use) {
  try {
    return use(sessionStorage);
  } catch {
    return null;
  }
}

function keep(text) {
  key = text;
  stored((storage) => (text ? storage.setItem(STORED, text) : storage.removeItem(STORED)));
  byId("key-used").hidden = !text;
}

// What curl needs besides. The key itself never stands on the page.
export const curlHeader = () => (key ? ` -H "${HEADER}: $API_KEY"` : "");

// fetch, with the key. An answer that asks for another one shows the form for it.
export async function ask(url, { headers, ...options } = {}) {
  const response = await fetch(url, { ...options, headers: { ...headers, ...(key && { [HEADER]: key }) } });
  if (response.status in REASONS) {
    keep(null);
    demand(REASONS[response.status]);
  }
  return response;
}

export const isRefused = (response) => response.status in REASONS;

// Calls `use` whenever there is a new key, or none any more.
export function watchKey(use) {
  keep(key);
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("key").value.trim();
    // Anything else cannot stand in a header.
    if (!/^[\x21-\x7e]+$/.test(text)) return demand("A key has letters, digits, dashes and underscores, and no spaces.");
    keep(text);
    byId("key").value = "";
    byId("key-needed").hidden = true;
    return use();
  });
  byId("key-forget").addEventListener("click", () => {
    keep(null);
    use();
  });
}

function demand(reason) {
  byId("key-reason").textContent = reason;
  byId("key-needed").hidden = false;
  byId("key").focus();
}
