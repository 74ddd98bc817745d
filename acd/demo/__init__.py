"""The demonstration and the benchmark: real phones and callers against a real Asterisk."""
