import pytest

from novita_mcp.domain.charts import condensed, sparkline


@pytest.mark.parametrize(
    ("percents", "width", "line"),
    [
        ([], 10, ""),
        ([0.0], 10, "▁"),
        ([100.0], 10, "█"),
        ([0.0, 50.0, 100.0], 10, "▁▅█"),
        ([-5.0, 250.0], 10, "▁█"),
        ([0.0, 100.0, 100.0, 100.0], 2, "▅█"),
    ],
)
def test_a_sparkline_has_one_bar_for_each_stretch(percents: list[float], width: int, line: str) -> None:
    assert sparkline(percents, width) == line


def test_stretches_cover_every_value_once() -> None:
    assert sum(condensed([1.0] * 7, 3)) == 3.0
    assert condensed([1.0, 2.0, 3.0, 4.0, 5.0], 2) == (1.5, 4.0)
