"""The conformance suite of each kind of plugin: one call in the test of an author, one clear sentence where it fails.

`tickloom.kinds` names the check of every kind.
"""
