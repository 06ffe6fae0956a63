"""EFFECT: Novita over HTTP."""
