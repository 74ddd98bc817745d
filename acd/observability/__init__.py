"""Logging without secrets, and the Prometheus collector."""
