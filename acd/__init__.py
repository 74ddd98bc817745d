"""acd: a call-centre engine for Asterisk."""
