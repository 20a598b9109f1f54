"""Kernels that numba compiles. Imported only when ``models.water.kernels`` chose them."""
