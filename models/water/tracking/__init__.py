"""Particles that go with the water: Pollock's method, capture zones, ages, flow lines."""
