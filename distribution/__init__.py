"""What turns the program into packages: manual page, shell completion, bill of materials, the Debian package's scripts.

None of it is part of the program. ``tools/deb`` and ``tools/wheel`` put it to use; ``docs/packages.md`` tells how.
"""
