"""Child process of ``twin.stage.probe``: draws one sphere and prints what it saw as JSON."""

from __future__ import annotations

import json
import sys

import numpy as np
import pyvista
import vtkmodules


def main() -> None:
    """Draw 96 x 96 pixels; ``foreground`` is the share of pixels that differ from the corner."""
    plotter = pyvista.Plotter(off_screen=True, window_size=[96, 96])
    plotter.add_mesh(pyvista.Sphere(), color="white")
    image = np.asarray(plotter.screenshot(return_img=True), dtype=np.int16)
    window = type(plotter.render_window).__name__ if plotter.render_window else "closed"
    share = float((np.abs(image - image[0, 0]).max(axis=-1) > 24).mean())
    answer = {"foreground": share, "window": window, "vtk": vtkmodules.__version__}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
