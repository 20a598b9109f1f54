"""Who is there."""

from __future__ import annotations

from apiflask import APIBlueprint

from web.desk import forward_as, receive
from web.reply import Operation
from web.schemas.desk import WhoOut

desk = APIBlueprint("desk", __name__, url_prefix="/api/v1", tag="Desk")


def post_whoami() -> WhoOut:
    """Who has the token of this request."""
    return forward_as(WhoOut, "desk.whoami", {})


receive(desk, "/desk/whoami", post_whoami, Operation(gives=WhoOut))
