"""A figure's picture: small, crisp, and the same whenever it is drawn."""

from io import BytesIO

import pandas as pd
import pytest
from PIL import Image

from classroom.figures import costs, topics
from classroom.figures import look as figure
from tests.quick.figure_rows import CHANGES, EACH, lags, radius

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize(("name", "number"), EACH)
def test_is_a_small_crisp_opaque_png_without_metadata(name, number):
    png = CHANGES[name][number](False).png
    image = Image.open(BytesIO(png))
    image.load()
    assert (image.format, image.info) == ("PNG", {})
    assert 1.5 <= image.width / figure.WIDTH_PX <= 2
    assert len(png) < 120_000


@pytest.mark.parametrize("name", ["bills_against_oracle", "topic_lanes", "house"])
def test_a_picture_is_the_same_bytes_when_it_is_drawn_again(name):
    assert CHANGES[name][0](False).png == CHANGES[name][0](False).png


@pytest.mark.parametrize(
    ("make", "table", "changed"),
    [
        (topics.lag_by_moment, lags(), lambda table: table),
        (costs.blast_radius_matrix, radius(), lambda tables: tables["shared module"]),
    ],
)
def test_a_table_that_is_changed_later_changes_no_picture(make, table, changed):
    drawn, composed = make(table).png, make(table)
    frame = changed(table)
    frame[frame.columns[-1]] = 1_000
    assert composed.png == drawn != make(table).png


def test_eight_crowded_lanes_and_three_groups_stay_small():
    rows = [
        (number % 8, number // 8, ["customer", "installer"][number % 3 == 0], "") for number in range(2000)
    ]
    crowd = pd.DataFrame(rows, columns=["partition", "offset", "actor", "label"])
    drawn = topics.topic_lanes(crowd, {group: {0: 245, 1: 20} for group in ("a", "b", "c")})
    assert len(drawn.png) < 120_000
