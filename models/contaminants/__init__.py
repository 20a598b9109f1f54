"""Contaminants of groundwater: their properties with sources, classes of GB/T 14848, warnings, trends."""
