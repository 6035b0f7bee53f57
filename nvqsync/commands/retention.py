"""x"""

import click


@click.group("retention")
def retention_group() -> None:
    """x"""
