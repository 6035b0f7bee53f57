"""The built-in plugins: the unit bank, and one folder an awarding body."""
