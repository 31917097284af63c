"""The request formats: each reads a document into a table, and writes answers and errors in its own way."""
