"""Runs the engine: single-writer dispatcher, timers, journal, reconciliation, read-only views."""
