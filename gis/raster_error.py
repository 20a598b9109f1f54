"""How a raster is refused: every message names file, field, value and what was expected."""

from __future__ import annotations

from twin.core.errors import RasterError


def refuse(
    source: str,
    field: str,
    value: object,
    expected: str,
    expected_zh: str,
    *,
    why: str = "",
    why_zh: str = "",
) -> RasterError:
    """Error for one bad field of one raster, in English and Chinese."""
    reason, reason_zh = (f" ({why})" if why else ""), (f"（{why_zh}）" if why_zh else "")
    return RasterError(
        f"{source}: {field} is {value}{reason}; expected {expected}",
        message_zh=f"{source}：{field} 为 {value}{reason_zh}；应为{expected_zh}",
        field=field,
        value=value,
        source=source,
    )
