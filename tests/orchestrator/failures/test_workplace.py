import subprocess
import sys
from pathlib import Path

from orchestrator.failures.workplace import MAX_LINES, LogFile, Workplace, read_log, this_workplace

PRINTS = """
import sys
print(":actor_name:Trainable", flush=True)
print("of an earlier trial", flush=True)
from orchestrator.failures.workplace import read_log, this_workplace
here = this_workplace("cpu")
print(":job_id:01000000", flush=True)
print("the gate swings", flush=True)
print("and falls", file=sys.stderr, flush=True)
open(sys.argv[1], "w").write(here.model_dump_json())
"""


def test_log_is_what_the_process_printed_since_the_trial_began(tmp_path: Path) -> None:
    place = tmp_path / "place.json"
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        subprocess.run([sys.executable, "-c", PRINTS, place], stdout=out, stderr=err, check=True)
    workplace = Workplace.model_validate_json(place.read_bytes())
    assert read_log(workplace) == ("the gate swings", "and falls")
    assert workplace.told.endswith(f"process {workplace.process}, cpu")


def test_log_is_bounded_and_that_of_another_machine_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("\n".join(map(str, range(1000))))
    log = LogFile(path=str(file), start=0)
    here = this_workplace("cpu").model_copy(update={"logs": (log,)})
    assert read_log(here) == tuple(map(str, range(1000 - MAX_LINES, 1000)))
    assert read_log(here.model_copy(update={"host": "elsewhere"})) == ()
    file.unlink()
    assert read_log(here) == ()
