from benchmarks.digest_cost import measure


def test_noted_files_are_not_hashed_again() -> None:
    measured = measure(0.25, 1)
    hashed_ms = 1000 * measured.gib / measured.first_gib_per_s.median
    assert measured.noted_ms.median < 0.5 * hashed_ms
