"""What stands beside the engine: the tool cache, Asterisk's configuration files and process, prompts."""
