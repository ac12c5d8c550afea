"""What chapter 07 shows of its experiments, and what it has recorded."""

import ast
import inspect
import runpy

import pytest

from classroom.experiments.recordings import FOLDER, recorded
from classroom.experiments.strategies import STRATEGIES, Strategy
from classroom.experiments.transactions import in_a_transaction
from classroom.world.company import DATA


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


def test_every_recording_has_the_experiment_that_makes_it_again():
    experiments = runpy.run_path(str(DATA / "record.py"))["RECORDINGS"]
    assert {file.stem for file in FOLDER.glob("*")} == experiments.keys()
