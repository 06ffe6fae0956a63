"""The embedded stand-in for the Novita API.

It states the API a second time and on its own: nothing here imports the rest of the
program but the clock, so that a mistake of ours is not repeated on both sides.
"""
