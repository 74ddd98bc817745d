"""Flows as pictures: a layered layout of our own, SVG, and an HTML page that needs nothing but itself.

``graph`` says what is drawn of a flow, ``layout`` where, ``svg`` and ``page`` how, ``traffic`` what callers made of it.
"""
