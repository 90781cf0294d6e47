from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.errors import PriceError
from orchestrator.forecast import prices
from orchestrator.forecast.prices import Prices, dollars_of, find_prices, prices_on, with_gpus_of
from orchestrator.forecast.timetable import Stay, Task, Timetable

SHIPPED = Path(__file__).parents[3] / "cluster.yaml"
TYPES = "head_node_type: head\navailable_node_types: {head: {}, gpu: {}}\n"
HOUR_S = 3600.0


def write(folder: Path, text: str) -> Path:
    file = folder / "own.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def table(prices_of_types: str) -> str:
    return f"metadata: {{dollars_an_hour: {{{prices_of_types}}}}}\n"


def test_prices_of_a_cluster_file_are_found(tmp_path: Path) -> None:
    text = f"{TYPES}idle_timeout_minutes: 12\n{table('head: 0.2, gpu: 3')}"
    file = write(tmp_path, text)
    assert find_prices(file) == Prices(file, head=0.2, worker=3, num_gpus=None, idle_h=0.2)


def test_worker_is_priced_as_the_type_whose_gpus_are_dearest(tmp_path: Path) -> None:
    types = "{head: {}, one: {resources: {CPU: 4, GPU: 1}}, four: {resources: {GPU: 4}}}"
    text = f"head_node_type: head\navailable_node_types: {types}\n"
    found = find_prices(write(tmp_path, text + table("head: 0, one: 1, four: 3.9")))
    assert found is not None
    assert (found.worker, found.num_gpus) == (1, 1)
    found = find_prices(write(tmp_path, text + table("head: 0, one: 1, four: 4.1")))
    assert found is not None
    assert (found.worker, found.num_gpus) == (4.1, 4)


def test_worker_with_a_kind_of_gpu_is_priced_by_what_its_type_says(tmp_path: Path) -> None:
    big = '{CPU: 48, GPU: 4, "accelerator_type:A100": 1}'
    few_cores = '{CPU: 2, GPU: 4, "accelerator_type:T4": 1}'
    types = f"{{head: {{}}, big: {{resources: {big}}}, small: {{resources: {few_cores}}}}}"
    text = f"head_node_type: head\navailable_node_types: {types}\n"
    found = find_prices(write(tmp_path, text + table("head: 1, big: 12, small: 0.5")))
    assert found is not None
    a100, t4, other = (prices_on(kind, found, []) for kind in ("A100", "T4", "L4"))
    assert (a100.worker, a100.num_gpus) == (12, 4)
    assert (t4.worker, t4.num_gpus) == (0.5, 2)  # a trial takes a core, so two GPUs are used
    assert (other.worker, other.num_gpus) == (12, 4)  # the dearest
    assert prices_on(None, found, []) == found


def test_gpus_of_a_kind_are_those_of_its_machines_where_no_file_says() -> None:
    unsaid = Prices(SHIPPED, head=0, worker=4, num_gpus=None, idle_h=0)
    nodes = [node(8), node(4)]
    for one, kind in zip(nodes, ("A100", "T4"), strict=True):
        one["Resources"] |= {f"accelerator_type:{kind}": 1.0}
    assert [prices_on(kind, unsaid, nodes).num_gpus for kind in ("A100", "T4")] == [8, 4]


def test_ray_takes_the_shipped_file_and_keeps_its_prices_for_the_head(tmp_path: Path) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared = prepare_config(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))
    validate_config(prepared)
    on_head = find_prices(write(tmp_path, yaml.safe_dump(prepared)))
    shipped = find_prices(SHIPPED)
    assert on_head is not None
    assert shipped is not None
    assert on_head.head == shipped.head > 0
    assert on_head.worker == shipped.worker > 0
    assert on_head.idle_h == shipped.idle_h == pytest.approx(1 / 6)


def test_head_finds_the_file_that_started_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ray_bootstrap_config.yaml"
    monkeypatch.setattr(prices, "HEAD_FILE", file)
    assert find_prices(None) is None
    file.write_text(TYPES, encoding="utf-8")
    assert find_prices(None) is None
    file.write_text(TYPES + table("head: 1, gpu: 2"), encoding="utf-8")
    assert find_prices(None) == Prices(file, head=1, worker=2, num_gpus=None, idle_h=5 / 60)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TYPES, r"own\.yaml' needs a price for each .*dollars_an_hour: \{head: 0.35, gpu: 0.35\}"),
        (TYPES + table("head: 1"), r"needs a price for each .* gpu: 0\.35"),
        (TYPES + table("head: 1, gpu: 1, cpu: 1"), r"needs a price for each .* gpu: 0\.35"),
        (TYPES + table("head: 1, gpu: cheap"), r"dollars_an_hour\.gpu: .*got 'cheap'; a price is"),
        (TYPES + table("head: 1, gpu: -1"), r"dollars_an_hour\.gpu: .*greater than or equal to 0"),
        (TYPES + table("head: 1, gpu: .nan"), r"dollars_an_hour\.gpu: .*finite number"),
        (TYPES + table("head: 1, gpu: yes"), r"dollars_an_hour\.gpu: .*got True"),
        (TYPES + "metadata: {dollars_an_hour: 3}", r"metadata\.dollars_an_hour: .*got 3"),
        (table("gpu: 1"), "names no types of machines"),
        ("- a list", r"own\.yaml': config: .*got \['a list'\]"),
        ("a: [", r"own\.yaml' cannot be read: while parsing"),
    ],
)
def test_faulty_prices_are_told_with_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PriceError, match=message):
        find_prices(write(tmp_path, text))


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match=r"cluster file '.*none\.yaml' cannot be read: .*No such"):
        find_prices(tmp_path / "none.yaml")


def test_cost_is_that_of_held_and_idle_workers_and_of_the_head(tmp_path: Path) -> None:
    # One GPU is held for 3 h, one for 1 h; two machines are then idle for half an hour each.
    stays = (Stay(Task(3 * HOUR_S, 1), 0.0, 0, None), Stay(Task(HOUR_S, 1), 0.0, 1, None))
    alone = Prices(tmp_path, head=10, worker=2, num_gpus=1, idle_h=0.5)
    assert dollars_of(Timetable(stays, 2), alone, on_gpu=True) == pytest.approx(
        2 * (3 + 1 + 2 * 0.5) + 10 * 3
    )
    paired = Prices(tmp_path, head=10, worker=2, num_gpus=2, idle_h=0.5)
    assert dollars_of(Timetable(stays, 2), paired, on_gpu=True) == pytest.approx(
        2 * (4 / 2 + 0.5) + 10 * 3
    )
    unsaid = replace(paired, num_gpus=None)
    by_gpu, by_machine, by_default = (
        dollars_of(Timetable(stays, 2), prices, on_gpu=on_gpu)
        for prices, on_gpu in ((alone, True), (paired, False), (unsaid, True))
    )
    assert by_machine == by_default == by_gpu


def node(num_gpus: int, *, alive: bool = True) -> dict[str, Any]:
    """Describe a machine as Ray does, which leaves out what there is none of."""
    return {"Alive": alive, "Resources": {"CPU": 8.0} | ({"GPU": num_gpus} if num_gpus else {})}


def test_gpus_that_a_file_does_not_state_are_those_of_the_machines_there_are() -> None:
    unsaid = Prices(SHIPPED, head=0, worker=4, num_gpus=None, idle_h=0)
    assert with_gpus_of(unsaid, [node(0), node(8), node(4), node(1, alive=False)]).num_gpus == 4
    assert with_gpus_of(unsaid, [node(0)]).num_gpus is None
    assert with_gpus_of(replace(unsaid, num_gpus=2), [node(4)]).num_gpus == 2
