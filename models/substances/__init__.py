"""Checked table of substances: properties, levels for people, and where each number comes from."""
