"""What happened to a contact, told for a person: names instead of ids, the site's time, English or Indonesian."""
