import pytest
import torch

from orchestrator.training.precision import resolve_precision

CPU = torch.device("cpu")


@pytest.mark.parametrize("has_amx", [True, False])
def test_cpu_computes_in_bf16_by_itself_only_with_amx(
    monkeypatch: pytest.MonkeyPatch, has_amx: bool
) -> None:
    capabilities = {**torch.cpu.get_capabilities(), "avx512_bf16": True, "amx_bf16": has_amx}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert resolve_precision("auto", CPU) == ("bf16" if has_amx else "fp32")
    assert resolve_precision("bf16", CPU) == "bf16"
    assert resolve_precision("fp32", CPU) == "fp32"
