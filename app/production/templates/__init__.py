"""Prompt templates: immutable versions with labels, in a part of Jinja2 that always comes to an end.

`versions` keeps them, `rendering` fills them in, `outputs` checks what came back.
"""
