"""Settings: every one with a description and an example, read from four places.

In order of precedence: the environment (``NVQSYNC_MOODLE__URL``), credentials handed over by systemd
(``$CREDENTIALS_DIRECTORY``), the TOML file named by ``--config`` or ``$NVQSYNC_CONFIG``, the defaults below.
``docs/settings.md`` and ``nvqsync settings example`` are generated from these classes.
"""

from __future__ import annotations

import copy
import datetime as dt
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from nvqsync import settings_errors
from nvqsync.errors import SettingsError
from nvqsync.service.schedule import Quiet

PREFIX = "NVQSYNC_"

CREDENTIALS = {
    "nvqsync_moodle_token": ("moodle", "token"),
    "nvqsync_portal_credential": ("portal", "credential"),
    "nvqsync_smtp_password": ("alerts", "smtp_password"),
    "nvqsync_webhook_url": ("alerts", "webhook_url"),
    "nvqsync_oidc_secret": ("oidc", "client_secret"),
}
"""Credential files systemd may hand over, and the setting each one fills."""

PATHS = (
    ("", "database"), ("export", "folder"), ("backup", "folder"), ("mapping", "file"), ("catalogue", "criteria_files"),
    ("moodle", "token_file"), ("moodle", "ca_bundle"), ("portal", "credential_file"),
    ("alerts", "smtp_password_file"), ("alerts", "webhook_url_file"), ("alerts", "smtp_ca_file"),
    ("alerts", "webhook_ca_file"), ("oidc", "client_secret_file"), ("oidc", "ca_file"),
)  # fmt: skip
"""Settings that name files or folders, by table and key."""


class Section(BaseModel):
    """A table of the settings file: unknown keys are refused, values never appear in error messages."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def is_safe_address(url: str) -> bool:
    """Whether an address is reached by TLS, or is of this machine, so that nothing travels a network in the open."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.username is not None or not host or not url.isprintable():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in {"127.0.0.1", "::1", "localhost"})


def read_secret(path: Path, setting: str) -> SecretStr:
    """The contents of a secret's file without its final line break. Raises ``SettingsError`` when it cannot be read."""
    try:
        return SecretStr(path.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        says = f"{setting} names {path}, which cannot be read: {getattr(error, 'strerror', None) or error}."
        raise SettingsError(says, "Check that the file exists and that the service's user may read it.") from error


class Moodle(Section):
    """The Moodle site that is read."""

    url: str = Field("", description="Address of the Moodle site.", examples=["https://moodle.college.ac.uk"])
    token: SecretStr = Field(SecretStr(""), description="Web-service token.", examples=["0123456789abcdef"])
    token_file: Path | None = Field(None, description="File that holds the token.", examples=["/etc/nvqsync/token"])
    courses: list[str] = Field([], description="Course ids or short names to read; empty reads all.", examples=[["42"]])
    learner_roles: list[str] = Field(["student"], description="Role short names that make a learner.")
    timeout: float = Field(60, description="Seconds to wait for one reply.", gt=0, le=3600)
    connections: int = Field(4, description="Connections open at once.", ge=1, le=8)
    requests_per_second: float = Field(20, description="Most requests sent in a second.", gt=0, le=1e6)
    ca_bundle: Path | None = Field(None, description="CA file for a private certificate.", examples=["/etc/ssl/ca.pem"])
    proxy: str = Field(
        "", description="HTTP proxy, if one is needed.", examples=["http://proxy.college.ac.uk:3128"], repr=False
    )
    max_reply_mb: int = Field(64, description="Largest reply accepted, in megabytes.", ge=1)
    uln_field: str = Field("uln", description="Short name of the profile field that holds the ULN.")
    candidate_number_field: str = Field("ocr_candidate_number", description="Profile field: candidate number.")
    date_of_birth_field: str = Field("dob", description="Profile field: date of birth.")

    @model_validator(mode="after")
    def _token_from_file(self) -> Moodle:
        if self.token_file and not self.token.get_secret_value():
            self.token = read_secret(self.token_file, "moodle.token_file")
        return self


class Catalogue(Section):
    """What the centre adds to the catalogue."""

    criteria_files: list[Path] = Field(
        [],
        description="Files with assessment criteria from the centre's own copies of unit specifications.",
        examples=[["criteria.toml"]],
    )


class Mapping(Section):
    """How LMS items are mapped where ID numbers cannot say it."""

    file: Path | None = Field(None, description="The centre's mapping file (TOML).", examples=["mapping.toml"])


class Evidence(Section):
    """What counts as a pass."""

    scale_pass: list[str] = Field(
        ["Competent", "Achieved", "Met", "Pass", "Merit", "Distinction"],
        description="Scale items that mean met; any other item of a scale does not.",
    )


class Centre(Section):
    """The college. Its numbers, approvals and staff are no settings: ``nvqsync centre`` records them."""

    name: str = Field("", description="Name of the centre.", examples=["Exampleton College"])


class Portal(Section):
    """The awarding body's portal that takes batches."""

    name: str = Field("", description="Portal connector; empty only writes files.", examples=["interchange_mock"])
    url: str = Field("", description="Address of the portal.", examples=["http://127.0.0.1:8700"])
    credential: SecretStr = Field(SecretStr(""), description="Credential for the portal.", examples=["secret"])
    credential_file: Path | None = Field(None, description="File with it.", examples=["/etc/nvqsync/portal"])
    timeout: float = Field(30, description="Seconds to wait for an answer.", gt=0, le=3600)

    @model_validator(mode="after")
    def _credential_from_file(self) -> Portal:
        if self.credential_file and not self.credential.get_secret_value():
            self.credential = read_secret(self.credential_file, "portal.credential_file")
        return self


class Export(Section):
    """Where batches are written, and how."""

    folder: Path = Field(Path("exports"), description="Folder for batch files.", examples=["/var/lib/nvqsync/exports"])
    formats: list[str] = Field(["batch_json", "claims_csv", "keying_sheet"], description="Formats of each batch.")
    keep_files_days: int = Field(90, description="Days after which batch files are deleted.", ge=1, le=3650)


class Backup(Section):
    """Copies of the database."""

    folder: Path = Field(Path("backups"), description="Folder for backups.", examples=["/var/backups/nvqsync"])
    keep: int = Field(14, description="Newest backups that are kept.", ge=1, le=1000)
    keep_months: int = Field(12, description="Months of which the first backup is kept.", ge=0, le=1000)
    encrypt_to: list[str] = Field(
        [], description="GnuPG keys that backups are encrypted for.", examples=[["it@exampleton.ac.uk"]]
    )


class Web(Section):
    """The claim-queue pages."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8765, description="Port to listen on; 0 picks a free one.", ge=0, le=65535)
    metrics: bool = Field(True, description="Whether /metrics answers Prometheus.")
    public_url: str = Field(
        "",
        description="Address people open, where a proxy with TLS stands before the pages: https://...",
        examples=["https://claims.college.ac.uk"],
    )
    proxies: list[str] = Field([], description="IP addresses of proxies that are believed.", examples=[["127.0.0.1"]])
    user_header: str = Field(
        "", description="Header in which a believed proxy names who signed in; empty: off.", examples=["X-Remote-User"]
    )
    session_hours: float = Field(10, description="Hours after which everybody signs in again.", gt=0, le=168)
    idle_minutes: float = Field(60, description="Minutes without a page after which a session ends.", gt=0, le=1440)

    @model_validator(mode="after")
    def _no_path(self) -> Web:
        if urlsplit(self.public_url).path.strip("/"):
            raise ValueError("web.public_url is a name of its own, without a path behind it")
        return self

    @model_validator(mode="after")
    def _header_needs_a_proxy(self) -> Web:
        if self.user_header and not self.proxies:
            raise ValueError("web.user_header is believed from web.proxies alone: name them too")
        return self


class Oidc(Section):
    """The college's single sign-on, by OpenID Connect. Off without an ``issuer``."""

    issuer: str = Field(
        "", description="Address of the college's sign-on, as it gives it itself; empty: off.",
        examples=["https://login.college.ac.uk/realms/staff"],
    )  # fmt: skip
    client_id: str = Field("", description="What nvqsync is called there.", examples=["nvqsync"])
    client_secret: SecretStr = Field(SecretStr(""), description="Its secret there.", examples=["secret"])
    client_secret_file: Path | None = Field(None, description="File with it.", examples=["/etc/nvqsync/oidc-secret"])
    claim: str = Field("preferred_username", description="Claim that names a person: upn, email and the like.")
    scopes: list[str] = Field(["openid", "profile", "email"], description="Scopes that are asked for.")
    label: str = Field("your college account", description="What the sign-in page calls it, after 'Sign in with'.")
    local_sign_in: Literal["everybody", "admins", "nobody"] = Field(
        "admins", description="Who may still sign in by password: everybody, admins or nobody."
    )
    timeout: float = Field(5, description="Seconds to wait for an answer of it.", gt=0, le=30)
    ca_file: Path | None = Field(None, description="CA file for its certificate.", examples=["/etc/ssl/ca.pem"])
    proxy: str = Field("", description="HTTP proxy, if one is needed.", examples=["http://proxy:3128"], repr=False)

    @model_validator(mode="after")
    def _whole(self) -> Oidc:
        if self.client_secret_file and not self.client_secret.get_secret_value():
            self.client_secret = read_secret(self.client_secret_file, "oidc.client_secret_file")
        if not self.issuer:
            return self
        if not self.client_id:
            raise ValueError("oidc.issuer needs oidc.client_id: what nvqsync is called there")
        if not is_safe_address(self.issuer) or set(self.issuer) & set("?# "):
            raise ValueError("oidc.issuer is an https:// address without ? and # (http:// for this machine alone)")
        if "openid" not in self.scopes or not self.claim:
            raise ValueError('oidc.scopes has to hold "openid", and oidc.claim the name of a claim')
        return self


class Daemon(Section):
    """``nvqsync run``."""

    every_minutes: float = Field(15, description="Minutes between passes.", gt=0, le=10080)
    full_at: int = Field(2, description="Hour of the day (London) at which everything is read anew.", ge=0, le=23)
    quiet_from: dt.time | None = Field(
        None, description="From this time of day (London) no pass begins by itself.", examples=["07:30"]
    )
    quiet_to: dt.time | None = Field(None, description="Until this time of day.", examples=["09:00"])

    @model_validator(mode="after")
    def _both_or_neither(self) -> Daemon:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("quiet_from and quiet_to go together")
        if self.quiet_from is not None and self.quiet_from == self.quiet_to:
            raise ValueError("quiet_from and quiet_to are the same: no pass would ever begin, or every one")
        return self

    @property
    def quiet(self) -> Quiet | None:
        """The quiet hours, if there are any."""
        return Quiet(self.quiet_from, self.quiet_to) if self.quiet_from and self.quiet_to else None


class Alerts(Section):
    """Who is told when something needs a person, and by which way."""

    mail_to: list[str] = Field([], description="Who gets alerts by mail.", examples=[["it@exampleton.ac.uk"]])
    mail_from: str = Field("", description="Sender of the mails.", examples=["nvqsync@exampleton.ac.uk"])
    smtp_host: str = Field("localhost", description="Mail server.", examples=["smtp.college.ac.uk"])
    smtp_port: int = Field(587, description="Its port: 587 for starttls, 465 for tls.", ge=1, le=65535)
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls (from the start), or none (a server on this machine, without log-in)."
    )
    smtp_user: str = Field("", description="Name to log in with, if it wants one.", examples=["nvqsync"])
    smtp_password: SecretStr = Field(SecretStr(""), description="Password to it.", examples=["secret"])
    smtp_password_file: Path | None = Field(None, description="File with it.", examples=["/etc/nvqsync/smtp-password"])
    smtp_ca_file: Path | None = Field(None, description="CA file for its certificate.", examples=["/etc/ssl/ca.pem"])
    webhook_url: SecretStr = Field(
        SecretStr(""),
        description="Address that alerts are posted to as JSON.",
        examples=["https://chat.college.ac.uk/x"],
    )
    webhook_url_file: Path | None = Field(None, description="File with it.", examples=["/etc/nvqsync/webhook-url"])
    webhook_ca_file: Path | None = Field(None, description="CA file for it.", examples=["/etc/ssl/ca.pem"])
    timeout: float = Field(20, description="Seconds to wait for an answer of either.", gt=0, le=300)
    digest_hour: int | Literal["never"] = Field(8, description='Hour (London) of the daily digest, or "never".')
    failed_passes: int = Field(3, description="Passes that fail in a row before an alert.", ge=1, le=1000)
    unknown_hours: float = Field(24, description="Hours a claim may be unknown before an alert.", gt=0, le=8760)
    backup_days: float = Field(2, description="Days the newest backup may be old before an alert.", gt=0, le=365)
    disk_mb: int = Field(1024, description="Megabytes that have to be free before an alert.", ge=0)
    closing_days: int = Field(30, description="Days before a last day for claims that it is told.", ge=0, le=365)
    waiting_days: float = Field(
        14, description="Days claims wait for registration or IQA until an alert.", gt=0, le=365
    )

    @model_validator(mode="after")
    def _ways(self) -> Alerts:
        if self.smtp_password_file and not self.smtp_password.get_secret_value():
            self.smtp_password = read_secret(self.smtp_password_file, "alerts.smtp_password_file")
        if self.webhook_url_file and not self.webhook_url.get_secret_value():
            self.webhook_url = read_secret(self.webhook_url_file, "alerts.webhook_url_file")
        if self.mail_to and not self.mail_from:
            raise ValueError("mail_to needs mail_from: whom the mail is from")
        if any("@" not in mail or not mail.isprintable() for mail in [*self.mail_to, self.mail_from or "@"]):
            raise ValueError("mail_to and mail_from are mail addresses")
        if self.smtp_tls == "none" and self.smtp_user:
            raise ValueError('smtp_tls is "none": a password would travel in the clear')
        if isinstance(self.digest_hour, int) and not 0 <= self.digest_hour <= 23:
            raise ValueError("digest_hour is an hour from 0 to 23")
        url = self.webhook_url.get_secret_value()
        if url and not url.startswith(("https://", "http://")):
            raise ValueError("webhook_url begins with https://")
        return self


class Sync(Section):
    """What a pass does when much changes at once."""

    vanish_share: float = Field(0.5, description="Share of a course's grades that may vanish at once.", ge=0, le=1)
    vanish_least: int = Field(10, description="Below this many, vanished grades never stop a course.", ge=0)


class Retention(Section):
    """How long records are kept."""

    years: int = Field(3, description="Years records are kept after a claim or certificate; 3 at least.", ge=3, le=99)
    unclaimed_months: int | Literal["never"] = Field(
        24,
        description="Months after which a learner who never claimed is erased by the daemon; "
        '"never" keeps them for `years`, until a person erases them.',
        examples=["never"],
    )

    @model_validator(mode="after")
    def _months(self) -> Retention:
        if isinstance(self.unclaimed_months, int) and not 6 <= self.unclaimed_months <= 240:
            raise ValueError('unclaimed_months is from 6 to 240, or "never"')
        return self


class Plugins(Section):
    """Which plugins are loaded."""

    disable: list[str] = Field([], description="Names of plugins to leave out.", examples=[["nvqsync.plugins.edi"]])


class Settings(BaseSettings):
    """All settings of one nvqsync."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", hide_input_in_errors=True
    )

    database: Path = Field(Path("nvqsync.db"), description="The database.", examples=["/var/lib/nvqsync/nvqsync.db"])
    lms: str = Field("moodle", description="Which LMS connector reads the LMS.")
    moodle: Annotated[Moodle, Field(description="The Moodle site that is read.")] = Moodle()
    catalogue: Annotated[Catalogue, Field(description="What the centre adds to the catalogue.")] = Catalogue()
    mapping: Annotated[Mapping, Field(description="Mapping beyond ID numbers.")] = Mapping()
    evidence: Annotated[Evidence, Field(description="What counts as a pass.")] = Evidence()
    centre: Annotated[Centre, Field(description="The college.")] = Centre()
    portal: Annotated[Portal, Field(description="The portal that takes batches.")] = Portal()
    export: Annotated[Export, Field(description="Batch files.")] = Export()
    backup: Annotated[Backup, Field(description="Copies of the database.")] = Backup()
    web: Annotated[Web, Field(description="The claim-queue pages.")] = Web()
    oidc: Annotated[Oidc, Field(description="The college's single sign-on (OpenID Connect).")] = Oidc()
    daemon: Annotated[Daemon, Field(description="The daemon.")] = Daemon()
    alerts: Annotated[Alerts, Field(description="Alerts and the daily digest.")] = Alerts()
    sync: Annotated[Sync, Field(description="One pass.")] = Sync()
    retention: Annotated[Retention, Field(description="Keeping and erasing.")] = Retention()
    plugins: Annotated[Plugins, Field(description="Plugins.")] = Plugins()
    connectors: dict[str, dict[str, Any]] = Field(
        {}, description="Settings of other connectors, a table each.", repr=False
    )

    @model_validator(mode="after")
    def _way_back(self) -> Settings:
        if self.oidc.issuer and not is_safe_address(self.web.public_url):
            raise ValueError("oidc.issuer needs web.public_url, where it sends people back to: https://...")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then what ``load`` hands over (credentials merged over the TOML file)."""
        return env_settings, init_settings


def load(path: Path | None = None) -> Settings:
    """Settings from the environment, systemd's credentials, a TOML file and the defaults.

    ``path`` is the file named on the command line; without it ``$NVQSYNC_CONFIG`` is used, and without that none.
    Relative paths in the file are relative to the file. Raises ``SettingsError`` naming file, line and key.
    """
    path = path or (Path(os.environ["NVQSYNC_CONFIG"]) if os.environ.get("NVQSYNC_CONFIG") else None)
    text = _read(path) if path else ""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}.", "Mend that line and try again.") from error
    said = copy.deepcopy(document)
    _fill_credentials(document)
    if path:
        _anchor(document, path.parent)
    settings_errors.refuse_misspelt_variables(Settings, PREFIX)
    try:
        return Settings(**document)
    except ValidationError as error:
        says = settings_errors.explain(error, Settings, path, text, said)
        raise SettingsError(says, settings_errors.EXAMPLE_STEP) from error
    except UnreadableVariable as error:
        says = settings_errors.explain_variable(error, PREFIX)
        raise SettingsError(says, "Write lists and tables as JSON, e.g. '[\"42\"]'.") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        next_step = "Give the settings file with --config FILE or $NVQSYNC_CONFIG."
        if isinstance(error, PermissionError):
            next_step = "Type it as the service's user: put 'sudo -u nvqsync' in front."
        raise SettingsError(f"The settings file {path} cannot be read: {error.strerror}.", next_step) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text.", "Save it as UTF-8 and try again.") from error


def _fill_credentials(document: dict[str, Any]) -> None:
    """Put systemd's credentials over what the file says. A secret's file named in the environment beats both."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    variables = {name.upper() for name in os.environ}
    for name, (section, key) in CREDENTIALS.items():
        table = document.setdefault(section, {})
        if not isinstance(table, dict):
            continue  # the validation says what is wrong with it
        file = Path(folder) / name if folder else None
        if file and file.is_file():
            table[key] = read_secret(file, name).get_secret_value()
        if f"{PREFIX}{section}__{key}_file".upper() in variables:
            table.pop(key, None)


def _anchor(document: dict[str, Any], folder: Path) -> None:
    """Make the relative paths of the file, and of its defaults, relative to the folder the file stands in."""
    document.setdefault("database", "nvqsync.db")
    for section, name in (("export", "exports"), ("backup", "backups")):
        if isinstance(document.setdefault(section, {}), dict):
            document[section].setdefault("folder", name)
    for section, key in PATHS:
        table = document.get(section) if section else document
        if not isinstance(table, dict):
            continue  # the validation says what is wrong with it
        if isinstance(table.get(key), str):
            table[key] = str(folder / table[key])
        elif isinstance(table.get(key), list):
            table[key] = [str(folder / name) if isinstance(name, str) else name for name in table[key]]
