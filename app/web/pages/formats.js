// The request formats: each makes the exact body from one row, whose values are JSON already.

const JSON_TYPE = "application/json";
const quoted = (text) => JSON.stringify(text);
// curl takes a body that starts with @ for the name of a file.
const cell = (text) => (/^@|[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const literals = (row) => row.map((field) => field.literal).join(", ");

export const FORMATS = {
  rows: {
    title: "Rows",
    path: (model) => `predict/${model.name}`,
    body: (row) => `{"features": [[${literals(row)}]]}`,
  },
  columns: {
    title: "Columns",
    path: (model) => `predict/${model.name}`,
    body: (row) => `{${row.map((field) => `${quoted(field.name)}: [${field.literal}]`).join(",\n ")}}`,
  },
  mlflow: {
    title: "MLflow: dataframe_split",
    path: () => "invocations",
    body: (row) =>
      `{"dataframe_split": {\n  "columns": [${row.map((field) => quoted(field.name)).join(", ")}],\n` +
      `  "data": [[${literals(row)}]]}}`,
  },
  csv: {
    title: "MLflow: CSV",
    path: () => "invocations",
    type: "text/csv",
    body: (row) => ["name", "text"].map((part) => row.map((field) => cell(field[part])).join(",")).join("\n"),
  },
  v2: {
    title: "Open Inference (V2)",
    path: (model) => `v2/models/${model.name}/infer`,
    body: (row) => `{"inputs": [\n  ${row.map(tensor).join(",\n  ")}]}`,
  },
};

function tensor({ name, datatype, literal }) {
  return `{"name": ${quoted(name)}, "shape": [1], "datatype": ${quoted(datatype)}, "data": [${literal}]}`;
}

export const typeOf = (format) => format.type ?? JSON_TYPE;

// What a person typed, as JSON: numbers unchanged, an empty field as null, anything else as text (the server refuses it).
export function literal(text) {
  if (text === "") return "null";
  return /^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false)$/.test(text) ? text : quoted(text);
}

export function curl(url, type, body, header) {
  return `curl ${url}${header} -H 'content-type: ${type}' -d '${body.replaceAll("'", String.raw`'\''`)}'`;
}
