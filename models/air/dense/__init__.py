"""Gas heavier than air: mixtures, a one-dimensional model and a shallow layer on the terrain."""
