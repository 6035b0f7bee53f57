"""What a service needs around its work: signals, locks, logs, memory, the schedule, its files for systemd."""
