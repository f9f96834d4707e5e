"""The local screenwriter: reads a tale, finds who acts and speaks, cuts it into scenes.

It adds nothing to the words: what is heard in the film is what stands in the text.
"""
