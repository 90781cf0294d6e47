"""CMU-MOSEI, as its authors and as Dai et al. (2021) release it."""
