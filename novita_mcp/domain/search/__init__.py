"""From how people ask for a GPU to the products that fit."""
