"""Reads data from a file, a URL or S3, checks it, and keeps it; splits its rows."""
