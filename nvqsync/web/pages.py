"""Every page beside the claim queue: each is a blueprint of its own in a ``pages_*`` module, and stands in one list."""

from __future__ import annotations

from flask import Blueprint

PAGES: tuple[Blueprint, ...] = ()
"""The blueprints that the application serves, in the order of their links."""
