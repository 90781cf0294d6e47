"""The windows of an utterance: which frames a recipe looks at."""

from corpora.recipes.pictures import Recipe


def window_times_s(duration_s: float, recipe: Recipe) -> list[float]:
    """Return the times of all candidates, window after window, in seconds from the start.

    The last window ends with the utterance. There are as many windows as chunks of a spectrogram
    whose chunks last `window_s`: both count samples.
    """
    rate_hz = recipe.spectrogram.sample_rate_hz
    num_samples = max(1, round(duration_s * rate_hz))
    window_samples = recipe.window_s * rate_hz
    num_windows = max(1, -int(-num_samples // window_samples))
    times = []
    for window in range(num_windows):
        begin = window * recipe.window_s
        length = min(recipe.window_s, num_samples / rate_hz - begin)
        times += [begin + place * length for place in recipe.candidates]
    return times


def regular_times_s(duration_s: float, interval_s: float) -> list[float]:
    """Return 0, `interval_s`, 2 `interval_s`, ... before the end; at least one."""
    num_times = max(1, -int(-duration_s // interval_s))
    return [index * interval_s for index in range(num_times)]
