"""The place of a simulated PBX with Asterisk's semantics; nothing stands here yet."""
