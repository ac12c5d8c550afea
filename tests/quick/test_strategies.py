"""What chapter 07 shows of its experiments, and what it has recorded."""

import ast
import inspect

import pytest

from classroom.experiments.recordings import recorded
from classroom.experiments.strategies import STRATEGIES, Strategy
from classroom.experiments.transactions import in_a_transaction


@pytest.mark.parametrize("strategy", [*STRATEGIES.values(), in_a_transaction])
def test_a_strategy_fits_into_a_cell_of_ten_lines(strategy: Strategy):
    [function] = ast.parse(inspect.getsource(strategy)).body
    assert function.end_lineno - function.body[0].end_lineno <= 10


def test_the_recording_says_that_transactions_end_where_kafka_ends():
    sums = recorded("exactly_once").groupby(["strategy", "reader"])[["lost_cents", "double_cents"]].sum()
    assert sums.lost_cents.eq(0).all()
    assert sums.double_cents["without a transaction"].tolist() == [116488] * 3
    assert sums.double_cents["in a transaction"].to_dict() == {
        "the card terminal": 176982,
        "who reads everything": 176982,
        "who reads what was committed": 0,
    }
