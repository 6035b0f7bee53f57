"""Every page beside the claim queue: one list of blueprints, and what the navigation offers of them.

A new page is a module ``pages_<what>.py`` with a blueprint, a line in ``PAGES``, and one in ``NAVIGATION`` if people go
there from anywhere. Names are endpoints: ``blueprint.function``.
"""

from __future__ import annotations

from flask import Blueprint

from nvqsync.web import (
    pages_about,
    pages_accounts,
    pages_batches,
    pages_centre,
    pages_cohorts,
    pages_iqa,
    pages_learners,
    pages_mapping,
    pages_passes,
)

PAGES: tuple[Blueprint, ...] = (
    pages_learners.learners,
    pages_cohorts.cohorts,
    pages_iqa.iqa,
    pages_mapping.mapping,
    pages_passes.passes,
    pages_batches.batches,
    pages_centre.centre,
    pages_accounts.accounts,
    pages_about.about,
)
"""What ``create_app`` registers, beside the queue and the pages of claims."""

NAVIGATION: tuple[tuple[str, str], ...] = (
    ("pages.queue", "Claim queue"),
    ("learners.every", "Learners"),
    ("cohorts.every", "Cohorts"),
    ("iqa.weekly", "This week"),
    ("iqa.waiting", "IQA"),
    ("mapping.courses", "Mapping"),
    ("passes.every", "Passes"),
    ("batches.every", "Batches"),
    ("centre.registrations", "Registrations"),
    ("centre.facts", "Centre"),
    ("accounts.every", "Accounts"),
)
"""What stands at the top of every page, in its order: the endpoint and what it is called."""

ABOUT: tuple[tuple[str, str], ...] = (
    ("about.start", "Setting up"),
    ("about.accessibility", "Accessibility"),
    ("about.privacy", "Privacy"),
)
"""What stands at the foot of every page."""
