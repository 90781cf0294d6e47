"""How modalities are brought together: sequences, decisions, and encoders across modalities."""
