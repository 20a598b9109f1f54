"""Speed of puffs, couplings and maps, and how the cost grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import air_speed
from tests.validation.section import Check, Picture, Section, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def report() -> Section:
    """W1, W4 and W5 of the notes with their errors, and growth curves. About a minute of one core."""
    one, four, five = (
        air_speed.w1(),
        air_speed.against_finer(air_speed.w4, air_speed.W4),
        air_speed.against_finer(air_speed.w5(), air_speed.W5),
    )
    peer = air_speed.side_by_side()
    named = (
        ("W1: coupling, 1,000 sources x 20 beams x 144 times", "6.28 (pyELQ)", one),
        ("W4: minute means on 51 x 51 x 11 cells, 1 h", "6.76 (FastGaussianPuff)", four),
        ("W5: minute means at 1,000 points, 1 h", "0.587 (FastGaussianPuff)", five),
    )
    rows = [[name, row.cpu_s, published, row.typical, row.largest] for name, published, row in named]
    if peer is not None:
        rows.append(["W1 in pyELQ 1.2.7 on this machine", peer.cpu_s, "", peer.typical, peer.largest])
    curves = air_speed.growth_curves()
    grown = [
        [name, ", ".join(f"{n}: {1e3 * spent:.1f}" for n, spent in points)] for name, points in curves.items()
    ]
    columns = ["workload", "CPU-s", "published CPU-s", "error, typical", "error, largest"]
    return Section(
        title="Speed",
        text=(
            "CPU-seconds of one core, best of three. Errors of W1: 99th percentile and largest of pairs "
            "above 1e-6 of their beam's largest, against fine quadrature (pyELQ: median and 95th percentile "
            "of its difference). Errors of W4 and W5: relative L2 norm over cells or points and minutes, and "
            "largest difference over the maximum, against all steps ten times finer. Published figures come "
            "from another machine of the same kind."
        ),
        tables=(
            table("Workloads", columns, rows),
            table("Growth of the cost: number and milliseconds", ["what", "number: ms"], grown),
        ),
        checks=(
            Check(what="W1, CPU-s", value=one.cpu_s, high=0.30),
            Check(what="W1, largest error", value=one.largest, high=5e-3),
            Check(what="W4, CPU-s", value=four.cpu_s, high=1.4),
            Check(what="W4, L2 to ten times finer", value=four.typical, high=1e-3),
            Check(what="W5, CPU-s", value=five.cpu_s, high=0.12),
            Check(what="W5, L2 to ten times finer", value=five.typical, high=1e-3),
        ),
        pictures=(
            Picture(
                name="speed-growth",
                caption="CPU time over sources, moments, puffs and cells",
                figure=_figure(curves),
            ),
        ),
        skipped=()
        if peer is not None
        else (f"pyELQ side by side: {air_speed.PEER} names no Python that has it",),
    )


def _figure(curves: dict[str, list[tuple[int, float]]]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    axes = figure.subplots()
    for name, points in curves.items():
        axes.plot([n for n, _ in points], [1e3 * s for _, s in points], marker="o", label=name)
    axes.set(xscale="log", yscale="log", xlabel="number", ylabel="CPU time, ms")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend(fontsize=8)
    return figure
