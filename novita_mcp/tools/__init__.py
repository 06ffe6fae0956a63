"""SURFACE: the tools, one module per subject."""
