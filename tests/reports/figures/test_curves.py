import pytest

from reports.figures.curves import MAX_ROWS_A_LINE, draw_curves
from reports.ledger.record import Epoch
from reports.scores.cells import Outcome
from tests.reports.factories import make_record, make_study, make_trial


def learn(seed, num_epochs, best=0, f1=0.5):
    """Make a record whose losses are its seed plus the epoch."""
    record = make_record(make_trial(seed))
    epochs = tuple(
        Epoch(
            epoch=epoch,
            train_loss=seed + epoch,
            valid_loss=2.0 * seed + epoch,
            valid={} if f1 is None else {"f1": f1},
        )
        for epoch in range(num_epochs)
    )
    changes = {"epochs": epochs, "best_epoch": best}
    return record.model_copy(update={"result": record.result.model_copy(update=changes)})


def draw(records):
    """Draw rows by name, of each the records."""
    planned = {
        row: tuple(f"{row}-{n}" for n in range(max(len(rs), 1))) for row, rs in records.items()
    }
    found = {
        key: r for row, rs in records.items() for key, r in zip(planned[row], rs, strict=False)
    }
    outcome = Outcome("synthetic", "synthetic", "tiny", planned, found, cells=())
    return draw_curves(make_study(list(records)), outcome)


def test_mean_goes_as_far_as_all_seeds_were_trained() -> None:
    drawing = draw({"a": [learn(0, 3), learn(1, 5)]})
    thick = [line for line in drawing.figure.axes[0].lines if line.get_label() == "a"]
    assert thick[0].get_xdata().tolist() == [1, 2, 3]
    assert thick[0].get_ydata().tolist() == [0.5, 1.5, 2.5]
    assert len(drawing.data) == 8


def test_data_hold_every_epoch_and_mark_the_best() -> None:
    data = draw({"a": [learn(0, 2, best=1)], "b": [learn(3, 1, f1=0.25)]}).data
    assert data.columns.tolist() == [
        *("row", "seed", "epoch", "is_best", "train_loss", "valid_loss", "valid_f1_fraction")
    ]
    assert data.to_numpy().tolist() == [
        ["a", 0, 1, False, 0.0, 0.0, 0.5],
        ["a", 0, 2, True, 1.0, 1.0, 0.5],
        ["b", 3, 1, True, 3.0, 6.0, 0.25],
    ]


def test_f1_is_shown_in_percent_with_the_kept_epoch_marked() -> None:
    axes = draw({"a": [learn(0, 3, best=2, f1=0.25)]}).figure.axes[2]
    (dot,) = (line for line in axes.lines if line.get_marker() == "o")
    assert (dot.get_xdata().tolist(), dot.get_ydata().tolist()) == ([3], [25.0])


def test_undefined_f1_is_a_gap() -> None:
    assert draw({"a": [learn(0, 2, f1=None)]}).data["valid_f1_fraction"].isna().all()


@pytest.mark.parametrize(
    ("num_rows", "num_lines"),
    [(1, 1), (MAX_ROWS_A_LINE, 1), (MAX_ROWS_A_LINE + 1, 2), (2 * MAX_ROWS_A_LINE + 1, 3)],
)
def test_many_rows_are_spread_over_lines_of_panels(num_rows, num_lines) -> None:
    names = [f"row {number}" for number in range(num_rows)]
    figure = draw({name: [learn(0, 2)] for name in names}).figure
    assert len(figure.axes) == 3 * num_lines
    legends = [axes.get_legend() for axes in figure.axes[2::3]]
    assert [text.get_text() for legend in legends for text in legend.get_texts()] == names


def test_rows_without_a_finished_trial_are_left_out() -> None:
    assert set(draw({"a": [learn(0, 2)], "b": []}).data["row"]) == {"a"}
    assert draw({"a": [], "b": []}) is None
