"""A simulated PBX with Asterisk's semantics, for tests and simulation."""
