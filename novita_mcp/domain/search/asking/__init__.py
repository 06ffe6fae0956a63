"""PURE: how people ask for a GPU, phrase by phrase, and what they mean by it."""
