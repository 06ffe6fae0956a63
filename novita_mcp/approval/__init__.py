"""EFFECT: how a person's yes reaches the server."""
