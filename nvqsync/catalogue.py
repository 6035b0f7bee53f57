"""Every qualification and unit that the loaded plugins offer, found by whatever name a person uses. Pure.

A name is matched as it stands first, then loosely (``nvqsync.names``); one that matches nothing, or more than one
thing, raises ``UnknownName`` with the nearest names. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from nvqsync.errors import UnknownName
from nvqsync.model import Qualification, QualificationUnit, Unit
from nvqsync.names import did_you_mean, loose


@dataclass(frozen=True, slots=True)
class OutsideUnit:
    """A unit of the bank that the qualification asked about does not list.

    ``code`` is the awarding body's own code for it, from another of its qualifications, or else the unit reference.
    """

    code: str
    unit: Unit


FoundUnit = QualificationUnit | OutsideUnit


@dataclass(frozen=True)
class Catalogue:
    """``qualifications`` by id in order of id, ``units`` (the bank) by unit reference.

    ``cautions`` are doubts that loading raised without being sure enough to refuse. ``wording`` holds the words of
    criteria by unit reference and number, for units where the centre has added its own copy.
    """

    qualifications: Mapping[str, Qualification]
    units: Mapping[str, Unit]
    cautions: tuple[str, ...] = ()
    wording: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    _names: dict[str, Mapping[str, tuple[FoundUnit, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def of(
        cls,
        qualifications: Iterable[Qualification],
        units: Iterable[Unit],
        cautions: Iterable[str] = (),
        wording: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> Catalogue:
        """A catalogue of these records, which must have distinct ids and references."""
        by_id = {qualification.id: qualification for qualification in sorted(qualifications, key=lambda q: q.id)}
        bank = {unit.reference: unit for unit in units}
        return cls(MappingProxyType(by_id), MappingProxyType(bank), tuple(cautions), wording)

    def find_qualification(self, text: str) -> Qualification:
        """The qualification with this id, qualification number or (if only one has it) code. Raises ``UnknownName``."""
        if exact := self.qualifications.get(text):
            return exact
        found = self._qualification_names.get(loose(text), ())
        if len(found) == 1:
            return found[0]
        if found:
            names = " and ".join(qualification.id for qualification in found)
            raise UnknownName(f"{text!r} could be {names}.", "Give the whole id.")
        known = ", ".join(self.qualifications) or "none"
        hint = did_you_mean(text, self._nearest_ids(text))
        raise UnknownName(f"There is no qualification {text!r}.", f"{hint} Known: {known}.".strip())

    def find_unit(self, qualification: Qualification, text: str) -> FoundUnit:
        """The unit that ``text`` (body code, alias or unit reference) names in this qualification.

        A unit of the bank that is not in it comes back as ``OutsideUnit``, where it is given by unit reference or by a
        code that the same awarding body uses in another of its qualifications. Raises ``UnknownName`` with the
        nearest names.
        """
        found = self._unit_names(qualification).get(loose(text), ())
        if len(found) == 1:
            return found[0]
        if found:
            names = " and ".join(unit.unit.reference for unit in found)
            raise UnknownName(
                f"{text!r} could be {names} with {qualification.awarding_body}.", "Give the unit reference."
            )
        raise UnknownName(f"There is no unit {text!r} in {qualification.id}.", self._unit_hint(qualification, text))

    def body_code(self, awarding_body: str, reference: str) -> str:
        """What this awarding body calls a unit of the bank: its code, or the unit reference where it has none."""
        return self._body_codes.get((awarding_body, reference), reference)

    @cached_property
    def _qualification_names(self) -> Mapping[str, tuple[Qualification, ...]]:
        names: dict[str, tuple[Qualification, ...]] = {}
        for qualification in self.qualifications.values():
            for key in {loose(name) for name in _names_of(qualification)}:
                names[key] = (*names.get(key, ()), qualification)
        return names

    @cached_property
    def _body_codes(self) -> Mapping[tuple[str, str], str]:
        codes: dict[tuple[str, str], str] = {}
        for qualification in self.qualifications.values():
            for listed in qualification.units:
                codes.setdefault((qualification.awarding_body, listed.unit.reference), listed.code)
        return codes

    def _nearest_ids(self, text: str) -> Iterator[str]:
        """Ids, and beside each its other names, so that a slip in any of them is recognised."""
        for qualification in self.qualifications.values():
            yield from _names_of(qualification)

    def _unit_names(self, qualification: Qualification) -> Mapping[str, tuple[FoundUnit, ...]]:
        """Everything a unit may be called here: own names, then the body's other codes, then the bank's references."""
        if qualification.id not in self._names:
            names: dict[str, tuple[FoundUnit, ...]] = {}
            for listed in qualification.units:
                for key in {loose(name) for name in (listed.code, listed.unit.reference, *listed.aliases)}:
                    names[key] = (*names.get(key, ()), listed)
            for key, others in self._outside_names(qualification).items():
                names.setdefault(key, others)
            self._names[qualification.id] = MappingProxyType(names)
        return self._names[qualification.id]

    def _outside_names(self, qualification: Qualification) -> Mapping[str, tuple[FoundUnit, ...]]:
        own = {listed.unit.reference for listed in qualification.units}
        body = qualification.awarding_body
        names: dict[str, dict[str, FoundUnit]] = {}
        for other in self.qualifications.values():
            for listed in other.units if other.awarding_body == body else ():
                reference = listed.unit.reference
                if reference not in own:
                    for name in (listed.code, *listed.aliases):
                        outside = OutsideUnit(self.body_code(body, reference), listed.unit)
                        names.setdefault(loose(name), {})[reference] = outside
        for reference, unit in self.units.items():
            if reference not in own:
                names.setdefault(loose(reference), {})[reference] = OutsideUnit(self.body_code(body, reference), unit)
        return {key: tuple(found.values()) for key, found in names.items()}

    def _unit_hint(self, qualification: Qualification, text: str) -> str:
        """Another body's code for a unit of this qualification is the best hint; then the names that look alike."""
        own = {listed.unit.reference: listed for listed in qualification.units}
        for other in self.qualifications.values():
            for listed in other.units:
                names = (listed.code, *listed.aliases)
                if listed.unit.reference in own and loose(text) in map(loose, names):
                    here = own[listed.unit.reference].code
                    return f"{text} is {other.awarding_body}'s code for {listed.unit.title}: here it is {here}."
        names = tuple(
            name for listed in qualification.units for name in (listed.code, listed.unit.reference, *listed.aliases)
        )
        units = f"See: nvqsync units {qualification.id}"
        return f"{did_you_mean(text, names)} {units}".strip()


def _names_of(qualification: Qualification) -> tuple[str, ...]:
    number = qualification.qualification_number
    return (qualification.id, qualification.code, *((number,) if number else ()))
