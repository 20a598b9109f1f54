"""The hidden-truth park: a stand-in for a real one, whose loggers speak HJ 212 over TCP.

It shares no code with ``models``: what the models are tested on must not come out of themselves.
"""
