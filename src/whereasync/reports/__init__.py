"""Nouns to Documents: one module a noun.

A report chooses what is said, in which order, with which caveats. It formats nothing: numbers stay
typed until a renderer writes them.
"""
