"""The rules under their public names: ``{"rule", "input"}`` in, the answer out. See docs/quality.md."""
