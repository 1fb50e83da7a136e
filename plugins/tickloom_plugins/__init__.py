"""The plugins that come with tickloom, one folder (room) per kind.

Each room registers itself through the entry-point group that everybody's plugins use, so that any of them can be
disabled or replaced. A room imports no other room.
"""
