import pytest

from reports.tables.blocks import PublishedBlock, PublishedCell
from reports.tables.panels import BlockView, Panel, split_into_panels, view
from search_spaces.study import Column

GROUPS = ("Angry", "Happy", "Sad", "")
"""The last stands for columns that belong to no group."""


def make_block(corpus: str, groups=GROUPS, origin: str = "published") -> PublishedBlock:
    columns = tuple(Column(metric="f1", header=h, group=g) for g in groups for h in ("Acc", "F1"))
    row = tuple(
        PublishedCell(f"{corpus}/{c.title}", f"{n}.0", False) for n, c in enumerate(columns)
    )
    return PublishedBlock(corpus, columns, (row, row), unit="percent", origin=origin)


def at_most(num_columns: int):
    return lambda panel: sum(len(one.columns) for one in panel) <= num_columns


def describe(panels: list[Panel]) -> list[list[tuple[str, tuple[str, ...]]]]:
    return [
        [(f"{one.title} {one.origin}", tuple(dict.fromkeys(one.groups))) for one in panel]
        for panel in panels
    ]


def values(one: BlockView) -> list[str]:
    return [column[0].value for column in one.columns]


def test_view_holds_columns_with_a_cell_for_each_row():
    one = view(make_block("iemocap"))
    assert (one.title, one.origin, one.is_published) == ("IEMOCAP", "published", True)
    assert one.headers == ("Acc", "F1") * 4
    assert [len(column) for column in one.columns] == [2] * 8
    assert values(one) == [f"{n}.0" for n in range(8)]


def test_spans_join_neighbours_of_one_group():
    assert view(make_block("iemocap")).spans == [("Angry", 2), ("Happy", 2), ("Sad", 2), ("", 2)]
    again = view(make_block("iemocap", ("Angry", "Sad", "Angry")))
    assert again.spans == [("Angry", 2), ("Sad", 2), ("Angry", 2)]


def test_part_keeps_the_columns_of_its_groups():
    part = view(make_block("iemocap")).take(["Sad", "Angry"])
    assert part.groups == ("Angry", "Angry", "Sad", "Sad")
    assert values(part) == ["0.0", "1.0", "4.0", "5.0"]
    assert part.headers == ("Acc", "F1") * 2


def test_what_fits_stays_side_by_side():
    blocks = [make_block("iemocap"), make_block("mosei")]
    assert len(split_into_panels(blocks, at_most(16))) == 1


def test_corpora_are_stacked_before_one_is_cut():
    blocks = [make_block("iemocap"), make_block("mosei")]
    assert describe(split_into_panels(blocks, at_most(15))) == [
        [("IEMOCAP published", GROUPS)],
        [("CMU-MOSEI published", GROUPS)],
    ]


def test_blocks_of_a_corpus_are_cut_at_the_same_groups():
    blocks = [make_block("iemocap", origin="ours"), make_block("iemocap")]
    assert describe(split_into_panels(blocks, at_most(8))) == [
        [("IEMOCAP ours", GROUPS[:2]), ("IEMOCAP published", GROUPS[:2])],
        [("IEMOCAP ours", GROUPS[2:]), ("IEMOCAP published", GROUPS[2:])],
    ]


def test_group_that_one_block_lacks_leaves_no_empty_block():
    blocks = [make_block("iemocap", origin="ours"), make_block("iemocap", GROUPS[:2])]
    assert describe(split_into_panels(blocks, at_most(8))) == [
        [("IEMOCAP ours", GROUPS[:2]), ("IEMOCAP published", GROUPS[:2])],
        [("IEMOCAP ours", GROUPS[2:])],
    ]


def test_groups_that_do_not_fit_together_are_panels_of_their_own():
    blocks = [make_block("iemocap", GROUPS[:2], "ours"), make_block("iemocap", GROUPS[:2])]
    assert describe(split_into_panels(blocks, at_most(2))) == [
        [(f"IEMOCAP {origin}", (group,))]
        for group in GROUPS[:2]
        for origin in ("ours", "published")
    ]


@pytest.mark.parametrize("num_columns", range(1, 18))
def test_every_column_is_shown_once_in_order(num_columns):
    blocks = [make_block("iemocap", origin="ours"), make_block("iemocap"), make_block("mosei")]
    panels = split_into_panels(blocks, at_most(num_columns))
    shown: dict[str, list[str]] = {}
    for panel in panels:
        for one in panel:
            shown.setdefault(f"{one.title} {one.origin}", []).extend(values(one))
    assert shown == {
        name: [f"{n}.0" for n in range(8)]
        for name in ("IEMOCAP ours", "IEMOCAP published", "CMU-MOSEI published")
    }
    assert all(at_most(max(num_columns, 2))(panel) for panel in panels)


def test_small_corpora_share_a_panel():
    names = ("iemocap", "mosei", "synthetic")
    blocks = [make_block(name, GROUPS[:1]) for name in names]
    assert [len(panel) for panel in split_into_panels(blocks, at_most(4))] == [2, 1]
