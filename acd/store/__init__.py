"""Call records and the journal, kept with SQLAlchemy."""
