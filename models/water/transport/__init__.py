"""Transport of dissolved species; ``solver.TransportSolver`` is the way in."""
