"""What the call centre would be like: traffic theory, and simulation with the live engine's decisions.

``scenario`` reads what is asked into a ``model``; ``own``, ``deployment`` and ``recorded`` are the three ways callers
come into it. ``loop`` lives through one replication, ``study`` through many, ``figures`` says what they amount to and
``answer`` in which form. ``chance`` and ``statistics`` are the same to the last bit on every machine.
"""
