"""Prompt templates: versions with labels, in a part of Jinja2 whose rendering always ends.

`versions` keeps them, `rendering` fills them in, `outputs` checks what came back.
"""
