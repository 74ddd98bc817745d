"""What those who write flows work with: tests on the real engine, walks at a terminal, drawings, differences.

``ways`` knows how a caller leaves any kind of node, ``line`` is one caller on the engine under a virtual clock, and the
rest is made of these two. Must not know Asterisk, sound or the network.
"""
