"""Darcy joined with learning: what the fitted model still misses at wells, learnt from its past."""
