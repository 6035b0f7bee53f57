"""The gates and declarations that no single awarding body owns; ``nvqsync.gates`` says what a gate is."""
