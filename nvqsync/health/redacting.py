"""Taking out of a text what must not leave the college: secrets, people, addresses. Pure; decides, reads nothing.

Used for what a maintainer is sent. It takes out too much rather than too little: a word that is somebody's name goes
wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretStr

SHORTEST_SECRET = 6
SECRET_NAMES = re.compile(r"token|secret|password|passphrase|credential|api_?key|private_?key", re.IGNORECASE)
"""Names of settings whose text is a secret, in the tables of connectors that bring their own."""
LOOPBACK = re.compile(r"(localhost|127\.[\d.]+|\[::1\])(?=[:/]|$)", re.IGNORECASE)

_URL = re.compile(r"\b([a-z][a-z0-9+.-]*)://([^\s\"'<>]*[^\s\"'<>.,;:)\]])", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+%-]+@[\w-]+(\.[\w-]+)+")
_NUMBERS = re.compile(r"(?<![\w.])(?!127\.)\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")
_HOME = re.compile(r"/(home|Users)/[^/\s\"']+")
_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"\w+(?:[^\w\s]+\w+)+")


def secrets_in(settings: BaseModel) -> tuple[str, ...]:
    """Every secret that settings hold, those of connectors' own tables included, without empty ones."""
    return tuple(sorted({secret for secret in _secrets(settings) if secret}))


def _secrets(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from _secrets(getattr(value, field), field)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _secrets(inner, str(key))
    elif isinstance(value, str) and SECRET_NAMES.search(name) and not name.endswith("_file"):
        yield value


class Scrubber:
    """Takes out secrets, people and titles that it was told of, and addresses of any kind.

    ``names`` go word by word, ``numbers`` (ULN, candidate number, ID number, date of birth) and ``titles`` (courses,
    assignments, the centre) as a whole.
    """

    def __init__(
        self, *, secrets: Collection[str] = (), names: Collection[str] = (), numbers: Collection[str] = (),
        titles: Collection[str] = (),
    ) -> None:  # fmt: skip
        self._secrets = sorted((one for one in secrets if len(one) >= SHORTEST_SECRET), key=len, reverse=True)
        self._numbers = frozenset(numbers)
        words = {word for name in names for word in _WORD.findall(name) if _telling(word)}
        self._words = self._numbers | words
        self._titles = _any_of({*titles, *(number for number in self._numbers if " " in number)})

    def hide(self, text: str) -> str:
        """The text without secrets: nothing else is touched."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text

    def scrub(self, text: str) -> str:
        """The text without secrets, addresses, titles and people."""
        text = _MAIL.sub("[e-mail]", _URL.sub(_without_host, self.hide(text)))
        text = _HOME.sub(r"/\1/[user]", _NUMBERS.sub("[address]", text))
        if self._titles:
            text = self._titles.sub("[title]", text)
        text = _TOKEN.sub(lambda found: _without(found[0], self._numbers), text)
        return _WORD.sub(lambda found: "[person]" if found[0] in self._words else found[0], text)

    def scrub_all(self, document: Any) -> Any:
        """A JSON document with every text in it scrubbed; keys and numbers stay."""
        if isinstance(document, str):
            return self.scrub(document)
        if isinstance(document, Mapping):
            return {key: self.scrub_all(value) for key, value in document.items()}
        if isinstance(document, (list, tuple)):
            return [self.scrub_all(value) for value in document]
        return document


LONGEST_NUMBER = 8
"""Words that a number of somebody's may have, as ``FE/2026-0101-7`` has four."""


def _without(token: str, numbers: Collection[str]) -> str:
    """Words held together by hyphens, slashes and stops, without the runs of them that are somebody's number."""
    words = list(_WORD.finditer(token))
    left, end, first = "", 0, 0
    while first < len(words):
        left += token[end : words[first].start()]
        lasts = range(min(first + LONGEST_NUMBER, len(words)) - 1, first - 1, -1)
        found = next((last for last in lasts if token[words[first].start() : words[last].end()] in numbers), None)
        last = first if found is None else found
        left += words[first][0] if found is None else "[person]"
        end, first = words[last].end(), last + 1
    return left


def _telling(word: str) -> bool:
    """Whether a word of a name can be taken out wherever it stands: "van" and "de" cannot."""
    return len(word) > 1 and (len(word) > 3 or not word.islower())


def _any_of(titles: Collection[str]) -> re.Pattern[str] | None:
    wanted = sorted({title for title in titles if len(title) > 1}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, wanted))})(?!\w)") if wanted else None


def _without_host(found: re.Match[str]) -> str:
    """An address without host and path: a path may hold a key. Loopback tells nothing and stays."""
    scheme, rest = found[1], found[2]
    here = LOOPBACK.match(rest)
    port = re.match(r"[^/?#]*?(:\d+)(?=[/?#]|$)", rest)
    return f"{scheme}://{here[1] if here else '[address]'}{port[1] if port else ''}"


# ---------------------------------------------------------------- settings

PLAIN = frozenset(
    {
        "lms", "learner_roles", "uln_field", "candidate_number_field", "date_of_birth_field", "scale_pass", "formats",
        "disable", "portal.name", "smtp_tls", "oidc.claim", "scopes", "label", "local_sign_in",
    }
)  # fmt: skip
"""Settings whose text says how nvqsync works, and nothing about anybody: by name, or by table and name."""


def reduced(value: Any, name: str = "", table: str = "") -> Any:
    """Settings as a maintainer may see them: numbers, switches and dates stay; of a secret, whether it is set.

    Addresses keep their scheme and port, paths lose the home folder's name; of any other text only its length stays.
    """
    if isinstance(value, SecretStr):
        return "[secret, set]" if value.get_secret_value() else ""
    if isinstance(value, BaseModel):
        return {field: reduced(getattr(value, field), field, name) for field in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): reduced(inner, str(key), name) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [reduced(inner, name, table) for inner in value]
    if isinstance(value, str):
        return _reduced_text(value, name, table)
    return value if value is None or isinstance(value, (bool, int, float)) else _HOME.sub(r"/\1/[user]", str(value))


def _reduced_text(text: str, name: str, table: str) -> str:
    if name in PLAIN or f"{table}.{name}" in PLAIN or not text:
        return text
    if SECRET_NAMES.search(name):
        return "[secret, set]"
    if LOOPBACK.fullmatch(text):
        return text
    if "://" in text:
        return _URL.sub(_without_host, text)
    return f"[text of {len(text)} characters]"
