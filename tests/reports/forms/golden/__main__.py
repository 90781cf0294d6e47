from tests.reports.forms.golden import (
    FILES,
    STUDY_FILES,
    WRITERS,
    golden_file,
    mixed_table,
    study_file,
    study_tables,
)

for variant, form in FILES:
    golden_file(variant, form).write_text(WRITERS[form](mixed_table(variant)), encoding="utf-8")
for name, variant, form in STUDY_FILES:
    text = WRITERS[form](study_tables(name)[variant])
    study_file(name, variant, form).write_text(text, encoding="utf-8")
