"""The answer that a message earns once it is stored: 9014 for data, 9013 for notices.

Answers (9011 to 9014) are never answered, whatever their Flag says, or two sides would loop.
"""

from __future__ import annotations

from sensors.hj212.codec import Message
from sensors.hj212.edition import ANSWER_CN, CommandKind, command
from sensors.hj212.frame import frame
from twin.core.device import CrcMode

_SYSTEM_ST = "91"


def answer_frame(message: Message, mode: CrcMode = CrcMode.HJ212) -> bytes | None:
    """Whole answer frame, or None where no answer is due.

    The answer repeats QN, PW and MN, speaks as system 91 and keeps the version bits of Flag with
    the bits D and A cleared. ``mode`` is the check sum that the device understands.
    """
    cn = answer_cn(message)
    if cn is None or message.flag is None:
        return None
    fields = (
        ("QN", message.qn),
        ("ST", _SYSTEM_ST),
        ("CN", cn),
        ("PW", message.pw),
        ("MN", message.mn),
        ("Flag", str(message.flag & ~3)),
    )
    head = ";".join(f"{key}={value}" for key, value in fields if value is not None)
    return frame(f"{head};CP=&&&&".encode(), mode)


def answer_cn(message: Message) -> str | None:
    """9014, 9013 or None."""
    if not message.wants_answer or message.cn is None:
        return None
    kind = command(message.cn).kind
    if kind is CommandKind.DATA and _is_question(message):
        return None
    return ANSWER_CN.get(kind)


def _is_question(message: Message) -> bool:
    """Whether a 1011, 1061 or 1063 only asks: it names a factor but carries no value."""
    keys = {name for group in message.groups for name, _ in group}
    return message.cn in ("1011", "1061", "1063") and keys == {"PolId"}
