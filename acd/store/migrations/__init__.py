"""Alembic's environment for the tables of call records."""
