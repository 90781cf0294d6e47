"""How modalities are fused: as sequences, as decisions, and by encoders across modalities."""
