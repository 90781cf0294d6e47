"""What only a device can show; each test also runs on the CPU, so that the test itself is sound."""
