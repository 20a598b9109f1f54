"""Least squares with unknowns that must not be negative, by an active set."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from twin.core.errors import SolverError
from twin.core.geometry import FloatArray


def least(hessian: FloatArray, gradient: FloatArray) -> FloatArray:
    """Minimum of ``x.H.x / 2 - g.x`` over ``x >= 0`` (n,).

    The quadratic form (n, n) is scaled to a unit diagonal, because rates in kg/s stand beside
    concentrations in kg/m3, and factorised (Cholesky), so that the active set of Lawson and Hanson (1974,
    Solving Least Squares Problems, chapter 23) works on n rows however many readings there were.
    Raises SolverError when it does not converge or is given a number that is not finite.
    """
    if gradient.size == 0:  # scipy's nnls crashes the process on a matrix without columns
        return np.zeros(0)
    scale = 1.0 / np.sqrt(np.maximum(np.diag(hessian), np.finfo(float).tiny))
    scaled = hessian * np.outer(scale, scale) + 1e-11 * np.eye(scale.size)
    try:
        lower = np.linalg.cholesky(scaled)
        solution, _ = nnls(lower.T, np.linalg.solve(lower, gradient * scale), maxiter=50 * scale.size)
    except (np.linalg.LinAlgError, RuntimeError, ValueError) as error:
        raise SolverError(
            f"rates did not converge: {error}", message_zh=f"源强同化未收敛：{error}", field="hessian"
        ) from error
    return np.asarray(solution * scale, dtype=np.float64)
