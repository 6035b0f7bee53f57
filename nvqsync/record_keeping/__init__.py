"""The audit log proved and told, and how long records are kept."""
