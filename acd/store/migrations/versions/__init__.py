"""One module per change of the tables, in order; never edited once released."""
