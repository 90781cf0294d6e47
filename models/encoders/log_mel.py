"""The logarithm of a mel spectrogram."""

from torch import Tensor, nn

FLOOR = 1e-6


class LogMel(nn.Module):
    """y = log(mel + 1e-6), the natural logarithm."""

    def forward(self, mels: Tensor) -> Tensor:
        """Compress the power, whose values span many decades; any shape, kept."""
        return (mels + FLOOR).log()
