"""Faults in simulation: the real runtime beside a simulated Asterisk on virtual time, and everything that may go wrong.

``clock`` is time and an event loop per engine; ``asterisk`` is what goes on there, ``people`` who use it, ``wire`` and
``manager`` the two ways to it; ``disk`` keeps what a killed engine leaves; ``engine`` is one life of the runtime,
``trouble`` what chance does to all of them; ``watch`` holds what must not happen, ``world`` puts it together, ``study``
lives through many. One seed gives one history, to the last bit: nothing here reads a clock, a set's order or another
source of chance.
"""
