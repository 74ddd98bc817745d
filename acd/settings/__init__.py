"""Reads config/ and ivr_flows/ into the engine's frozen plan; every mistake has file:line:column."""
