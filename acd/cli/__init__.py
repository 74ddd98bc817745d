"""The commands of acd."""
