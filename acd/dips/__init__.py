"""Questions to other systems over HTTP while a caller waits, and events told to them.

Decides which addresses may be reached, when to ask again, and when an answer is one. Must not know flows or calls.
"""
