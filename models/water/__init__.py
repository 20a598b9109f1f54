"""Groundwater: flow and transport through layers, particles, the unsaturated column, the live twin.

SI throughout: metres, seconds, kilograms. Arrays of cells are (layers, rows, columns): layer 0 is the
uppermost, ROW 0 IS THE SOUTHERNMOST, column 0 the westernmost. ``docs/water.md`` is the handbook.
"""
