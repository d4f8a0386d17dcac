"""Logs, metrics and traces. Importing this costs nothing: each part is imported where it is turned on."""
