"""Loading the checkpoints of convolutional encoders."""

from collections.abc import Mapping

from torch import nn

from models.weights.conv_files import SOURCES, conv_weights_error, find_conv_files
from models.weights.tensor_file import UnusableFileError, give_tensors, read_tensors


def load_conv_weights(weights: str, architecture: str, parts: Mapping[str, nn.Module]) -> None:
    """Copy the values of a checkpoint into the modules of an encoder.

    Args:
        weights: As in the config of the encoder.
        architecture: Likewise.
        parts: The modules by the names that the checkpoint has for them.

    Raises:
        WeightsError: If there is no such file, or it cannot be read, or is of another network.
    """
    (path,) = find_conv_files(weights, architecture)
    try:
        give_tensors(read_tensors(path), parts)
    except UnusableFileError as error:
        raise conv_weights_error(SOURCES[architecture], weights, str(error)) from error
