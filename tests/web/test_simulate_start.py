"""A simulator that is started again does not tell the past a second time."""

from tests.support.arrivals import arrival, value
from twin.store.engine import sqlite_url
from twin.store.ledger import Batch, Ledger
from web.commands import simulate


def test_no_ledger_means_no_past(tmp_path):
    assert simulate._told_until_ms(sqlite_url(tmp_path / "ledger.sqlite")) == 0


def test_an_empty_ledger_means_no_past(tmp_path):
    url = sqlite_url(tmp_path / "ledger.sqlite")
    Ledger(url).close()
    assert simulate._told_until_ms(url) == 0


def test_the_next_start_is_after_the_newest_value(tmp_path):
    url = sqlite_url(tmp_path / "ledger.sqlite")
    ledger = Ledger(url)
    ledger.write(Batch(arrivals=[arrival("1", value(7_000, 1.0)), arrival("2", value(5_000, 1.0))]), 9_000)
    ledger.close()
    assert simulate._told_until_ms(url) == 8_000
