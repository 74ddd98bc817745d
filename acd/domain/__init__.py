"""Ids, value types, events, commands and errors. Standard library only; knows nobody."""
