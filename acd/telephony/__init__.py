"""ARI and AMI: Asterisk's messages to domain events and domain commands to Asterisk."""
