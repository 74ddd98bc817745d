"""Runs the engine: single-writer dispatcher, timers, journal, recovery, audit, read-only views.

Reaches Asterisk, the store and the files only through ``acd.ports``.
"""
