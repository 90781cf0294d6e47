"""The table of all readers of what others write; a new reader is one line of one of its parts."""

from tests.fuzzing.of_corpora import OF_CORPORA
from tests.fuzzing.of_names import OF_NAMES
from tests.fuzzing.of_storage import OF_STORAGE
from tests.fuzzing.of_tables import OF_TABLES

READERS = {reader.name: reader for reader in (*OF_CORPORA, *OF_TABLES, *OF_STORAGE, *OF_NAMES)}
