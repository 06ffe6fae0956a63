"""The acts that take the road, one module per subject."""
