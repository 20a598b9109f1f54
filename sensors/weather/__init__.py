"""Weather heads and their languages."""
