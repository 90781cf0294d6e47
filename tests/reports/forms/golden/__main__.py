from pathlib import Path
from tempfile import TemporaryDirectory

from reports.forms.files import FORMS
from tests.reports.factories import make_mixed_table
from tests.reports.forms.golden import GOLDEN, show

with TemporaryDirectory() as storage:
    table = make_mixed_table(Path(storage))
texts = {form: write(table) for form, write in FORMS.items()} | {"txt": show(table, 120)}
for form, text in texts.items():
    (GOLDEN / f"mixed.{form}").write_text(text, encoding="utf-8")
