"""No credential is in anything that a run leaves behind, whatever fails and whatever a server says (rule A12).

One library has a profile for every way in which a vendor can fail; its runs, commands and alerts are carried out, and
then every file, table, message and printed line is searched for every credential in every form. That the search would
find one is proved with credentials that are planted.
"""

import base64
import gzip
import html
import io
import json
import logging
import pickle
import sqlite3
import traceback
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import dagster as dg
import duckdb
import openpyxl
import pytest

from autoholdings_assets.cli import execute
from autoholdings_assets.config import Home, IntegrationProfile
from autoholdings_assets.demo.vendor import Answer, DemoVendors, Fault
from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.retrieval import Limits, http
from autoholdings_assets.retrieval.request import Call
from autoholdings_assets.vendors.model import Vendor, load_vendors
from autoholdings_tests import faults
from autoholdings_tests.leaks import leaks
from autoholdings_tests.library import BOOKS, JOURNALS, VENDORS, Library, book, isbn, issn, journal, kbart, new_home
from autoholdings_tests.receivers import Certificate, MailServer, Webhook

START, END = "t0k3n/Q7+", "&7f3A 9c/ü=="
"""How every credential here begins and ends: whoever searches for both finds every one of them, also a part of one."""
SMTP_PASSWORD = f"{START}smtp"
HOOK_PATH = f"/services/{quote(START)}/hush"
GOOD = [journal("Acta Exempla", issn(1)), book("On Examples", isbn(1))]


def echo(content_type: str, template: str, status: int = 200) -> Fault:
    """A server that repeats what it was asked, credentials and all."""

    def answer(given: Answer) -> None:
        given.send(status, {"Content-Type": content_type}, template.format(asked(given)).encode())

    return answer


def asked(answer: Answer) -> str:
    """Everything that the request said, the credentials also in the clear."""
    clear = json.dumps(dict(answer.account.credentials), ensure_ascii=False) if answer.account else ""
    return f"GET {answer.path} {clear} {answer.headers.get('Authorization', '')}"


def headers(**named: Callable[[str], str]) -> Fault:
    """The file, with headers that repeat the token."""

    def answer(given: Answer) -> None:
        assert given.account
        (token, *_) = given.account.credentials.values()
        said = {name.replace("_", "-"): of(quote(token, safe="")) for name, of in named.items()}
        given.send(200, {"Content-Type": "text/plain", **said}, kbart(GOOD))

    return answer


def in_the_file(
    encode: Callable[[str], str] = str, encoding: str = "utf-8", pack: Callable[[bytes], bytes] = bytes
) -> Fault:
    """A title list in which the token stands, packed or not."""

    def answer(given: Answer) -> None:
        assert given.account
        (token, *_) = given.account.credentials.values()
        rows = [*GOOD, journal("Leaky", issn(7), notes=f"see https://vendor.example/?token={encode(token)}")]
        given.send(200, {"Content-Type": "text/plain"}, pack(kbart(rows).decode().encode(encoding)))

    return answer


def in_a_workbook(content: bytes) -> bytes:
    written, workbook = io.BytesIO(), openpyxl.Workbook()
    for line in content.decode().splitlines():
        workbook.active.append(line.split("\t"))
    workbook.save(written)
    return written.getvalue()


def to(location: str) -> Fault:
    """A redirect that repeats the query."""

    def answer(given: Answer) -> None:
        given.send(302, {"Location": location + given.path.partition("?")[2]})

    return answer


def elsewhere(answer: Answer) -> None:
    """A redirect to a host that is named after the token."""
    assert answer.account
    (token, *_) = answer.account.credentials.values()
    answer.send(302, {"Location": f"http://{quote(token, safe='')}.example.org/"})


FAILURES: dict[str, tuple[Fault, str]] = {
    "401": (faults.status(401), "HTTP 401"),
    "403": (echo("text/html", "<html><title>Forbidden</title>{}</html>", 403), "HTTP 403"),
    "404": (faults.status(404), "HTTP 404"),
    "429": (faults.status(429, {"Retry-After": "900"}), "HTTP 429"),
    "500": (echo("text/plain", "Traceback: {}", 500), "HTTP 500"),
    "418": (echo("text/plain", "{}", 418), "HTTP 418"),
    "page": (echo("text/html", "<html><title>Bad request: {}</title></html>"), "a web page in place"),
    "json": (echo("application/json", '{{"error": "not known: {}"}}'), "a message in place"),
    "text": (echo("text/plain", "Error: the request was {}"), "a message in place"),
    "other-host": (to("http://127.0.0.2:9/sign-in?"), "another server"),
    "host-name": (elsewhere, "another server"),
    "not-http": (to("file:///etc/passwd?"), "another server"),
    "loop": (to("/wiley/holdings?"), "without end"),
    "slow": (faults.silent(1), "too slow"),
    "cut": (faults.cut_after(0.5), "broke in the middle"),
    "hang-up": (faults.hang_up(), "broke in the middle"),
    "too-large": (faults.said_to_be(600_000_000), "larger than"),
    "etag": (headers(ETag='"{}"'.format, Last_Modified=str, Content_Type="text/plain; x={}".format), "bytes"),
    "name": (headers(Content_Disposition='attachment; filename="All_{}.txt"'.format), "***"),
    "unforeseen": (faults.silent(0), "nobody foresaw: RuntimeError"),
    "in-file": (in_the_file(), "repeats its credential"),
    "in-address-in-file": (in_the_file(lambda token: quote(token, safe="").lower()), "repeats its credential"),
    "in-utf16-file": (in_the_file(encoding="utf-16"), "repeats its credential"),
    "in-gzip-file": (in_the_file(encoding="utf-16", pack=gzip.compress), "repeats its credential"),
    "in-zip-in-gzip": (in_the_file(pack=lambda content: gzip.compress(zipped(content))), "repeats its credential"),
    "in-workbook": (in_the_file(pack=in_a_workbook), "repeats its credential"),
}
"""What the vendor does to the profile of this name, and words of what is said then."""

BASIC_VENDOR = """
name: basic
title: Basic Press
credentials:
  - {name: user, label: User, placement: basic_user}
  - {name: password, label: Password, placement: basic_password}
collections:
  - {name: Basic Journals, code: basic-journals, publication_type: serial}
publication: {description: daily, first_file: Soon., check: "0 6 * * *", fresh_for_days: 9}
"""


@dataclass
class Scene:
    """A library in which much has happened: its home, its credentials, what was printed and sent, what runs met."""

    home: Home
    secrets: dict[str, str]
    texts: dict[str, str] = field(default_factory=dict)
    met: dict[str, str] = field(default_factory=dict)

    def command(self, *words: str) -> int:
        """A command at the terminal; what it prints is kept."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = execute([*words, "--home", str(self.home.path)])
        where = f"{len(self.texts)}: autoholdings {' '.join(words)}"
        self.texts[where] = out.getvalue() + err.getvalue()
        return status


class Logged(logging.Handler):
    """Everything that anybody logs, at every level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def everything_logged() -> Iterator[Logged]:
    handler, levels = Logged(), {}
    loggers = [logging.root, *(logging.getLogger(name) for name in ("httpx", "httpcore.http11", "httpcore.connection"))]
    for logger in loggers:
        levels[logger] = logger.level
        logger.setLevel(logging.DEBUG)
    logging.root.addHandler(handler)
    yield handler
    logging.root.removeHandler(handler)
    for logger, level in levels.items():
        logger.setLevel(level)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("leaks")
    certificate = Certificate.make(tmp_path_factory.mktemp("certificate"))
    configuration: dict[str, Any] = {
        "institution": {"name": "University of Example", "timezone": "America/New_York"},
        "electronic_collections": [{"name": JOURNALS}, {"name": BOOKS}],
        "integration_profiles": [],
        "policies": {"loss_guard": {"active": False}},
    }
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        DemoVendors() as vendors,
        MailServer(login=("autoholdings", SMTP_PASSWORD), certificate=certificate) as mail,
        MailServer(certificate=certificate, encryption="tls") as untrusted,
        Webhook(path=HOOK_PATH) as hook,
        everything_logged() as logged,
    ):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(
            "autoholdings_assets.retrieval.http.Limits",
            lambda **given: Limits(connect_seconds=1, read_seconds=0.4, **{"attempts": 1, **given}),
        )
        monkeypatch.setenv("TEST_SMTP_PASSWORD", SMTP_PASSWORD)
        monkeypatch.setenv("TEST_HOOK", hook.url)
        configuration["alerts"] = {
            "email": {
                "smtp_host": "127.0.0.1", "port": mail.port, "from": "a@library.example", "to": ["b@library.example"],
                "user": "autoholdings", "password": "${TEST_SMTP_PASSWORD}",
            },
            "webhook": {"url": "${TEST_HOOK}"},
            "warnings": True,
        }  # fmt: skip
        library = Library(new_home(folder / "home"), vendors, monkeypatch, configuration)
        scene = Scene(
            library.home, {"a credential's start": START, "a credential's end": END, "the webhook": HOOK_PATH}
        )
        set_up_profiles(library, untrusted.port)
        carry_out(library, scene, monkeypatch, certificate, hook)
        scene.texts["mail"] = "\n".join(str(letter) + letter.get_content() for letter in mail.letters)
        scene.texts["webhook"] = json.dumps(hook.received, ensure_ascii=False)
        scene.texts["logs"] = "\n".join(logged.lines)
        yield scene


def set_up_profiles(library: Library, untrusted_port: int) -> None:
    """A profile of Wiley's for every failure, one that goes well, and one or two for other ways to send credentials."""

    def profile(name: str, vendor: Vendor, fault: Fault | None = None, **credentials: str) -> None:
        feed = library.profile(name, vendor)
        feed.account.credentials = credentials
        for credential, value in credentials.items():
            assert START in value
            library.monkeypatch.setenv(f"TEST_{name}_{credential}".upper().replace("-", "_"), value)
        feed.serves(GOOD)
        feed.account.fail_next(*([fault] * 60 if fault else []))

    wiley = VENDORS["wiley"]
    profile("good", wiley, institution_token=f"{START}good{END}")
    for name, (fault, _) in FAILURES.items():
        profile(name, wiley, fault, institution_token=f"{START}{name}{END}")
    for name, (url, _) in unreachable(library, untrusted_port).items():
        profile(name, wiley, institution_token=f"{START}{name}{END}")
        library.change_profile(name, url=url)
    for name in ("page", "text"):
        profile(
            f"oup-{name}", VENDORS["oup"], FAILURES[name][0],
            customer_number=f"{START}{name}-number", api_key=f"{START}{name}-key{END}",
        )  # fmt: skip
    library.home.vendors.mkdir()
    (library.home.vendors / "basic.yaml").write_text(BASIC_VENDOR)
    basic = load_vendors(library.home.vendors)["basic"]
    page = FAILURES["page"][0]
    profile("basic-page", basic, page, user=f"{START}user", password=f"{START}basic{END}")
    profile("header-page", VENDORS["elsevier"], page, api_key=f"{START}els==")
    profile("not-ascii", VENDORS["elsevier"], api_key=f"{START}els{END}")
    profile(
        "path-page", VENDORS["ovid"], page,
        group_name=f"{START}group{END}", user_name=f"{START}user", password=f"{START}path{END}",
    )  # fmt: skip


def unreachable(library: Library, untrusted_port: int) -> dict[str, tuple[str, str]]:
    """Addresses that no request arrives at, and what is said of each."""
    return {
        "untrusted": (f"https://127.0.0.1:{untrusted_port}/holdings", "no valid certificate"),
        "no-tls": (f"https://127.0.0.1:{library.vendors.port}/holdings", "No connection"),
        "dns": ("https://vendor.invalid/holdings", "No connection"),
        "refused": ("http://127.0.0.1:9/holdings", "No connection"),
    }


def carry_out(
    library: Library, scene: Scene, monkeypatch: pytest.MonkeyPatch, certificate: Certificate, hook: Webhook
) -> None:
    """The runs and commands whose traces are searched."""
    read = http.file_bytes

    def explode(call: Call, response: Any) -> Iterator[bytes]:
        if call.profile.name == "unforeseen":
            raise RuntimeError(f"{call.url} {call.headers} {response.request.url}")
        return read(call, response)

    monkeypatch.setattr(http, "file_bytes", explode)
    hook.answers.append((500, {}))
    assert scene.command("run", "wiley") == 1  # the mail server is not trusted yet, and the webhook is out of order
    for vendor in ("basic", "elsevier", "ovid"):
        assert library.run(vendor).outcome == "nothing applied"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    assert scene.command("run", "oup", "--json") == 3
    scene.met |= {row["profile"]: row["message"] for row in library.sql("SELECT profile, message FROM job_run_profile")}

    def stumble(profile: IntegrationProfile, *_: Any, **__: Any) -> Any:
        token = [secret.reveal() for secret in profile.credentials.values()]  # a local of the frame that fails
        raise RuntimeError("nobody foresaw this") if token else AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(http, "prepare", stumble)
        assert scene.command("run", "wiley") == 3
    look_with_sensors(library, scene)
    for words in COMMANDS:
        scene.command(*words)


COMMANDS = (
    ("status", "--json"), ("history", "--json"), ("plans", "--json"), ("plan", "show", "wiley-1", "--json"),
    ("attention", "--json"), ("explain", "Acta Exempla", "--json"), ("alerts",), ("alerts", "--json"),
    ("alerts", "test"), ("export",), ("doctor",), ("doctor", "--json"),
)  # fmt: skip


def look_with_sensors(library: Library, scene: Scene) -> None:
    """Every sensor looks once; what it says and remembers is kept."""
    definitions = build_definitions(library.home)
    with dg.DagsterInstance.get() as instance:
        for sensor in definitions.sensors or []:
            context = dg.build_sensor_context(
                instance=instance, definitions=definitions, sensor_name=getattr(sensor, "name", None)
            )
            try:
                said = repr(sensor.evaluate_tick(context))  # type: ignore[union-attr]
            except Exception as error:
                said = "".join(traceback.format_exception(error))
            scene.texts[f"the sensor {sensor.name}"] = said  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.rule("A12")
def test_no_credential_is_left_anywhere(scene: Scene) -> None:
    assert leaks(scene.home.path, scene.secrets, scene.texts) == []


@pytest.mark.slow
def test_every_failure_has_happened_and_was_told(scene: Scene) -> None:
    """Otherwise the search above would be through traces of nothing."""
    wrong = {name: scene.met[name] for name, (_, words) in FAILURES.items() if words not in scene.met[name]}
    assert wrong == {}
    for name in ("untrusted", "no-tls", "dns", "refused", "oup-page", "oup-text", "basic-page", "header-page"):
        assert scene.met[name], name
    assert '("Bad request: GET /' in scene.met["oup-page"] and "***" in scene.met["oup-page"]
    assert "nobody foresaw: UnicodeEncodeError" in scene.met["not-ascii"]
    everything = "".join(scene.texts.values())
    assert "nobody foresaw this" in everything
    assert "no valid certificate; no password was sent" in everything and "refused the message (HTTP 500)" in everything
    assert "failed runs" in scene.texts["mail"] and "***" in scene.texts["mail"] and "***" in scene.texts["webhook"]
    assert (scene.home.path / "logs" / "autoholdings.log").exists()


@pytest.mark.slow
@pytest.mark.rule("A8", "A12")
def test_the_archive_has_only_title_lists(scene: Scene) -> None:
    """Pages and messages, which may repeat anything, and title lists with a credential in them, are not kept."""
    kept = [path.read_bytes() for path in scene.home.archive.rglob("*") if path.is_file()]
    assert kept and all(content.startswith(b"publication_title\t") for content in kept)


# --- the search itself


SECRET = "S3cret/t0ken+with spaces&=="


MANY_TEXTS = "SELECT 'a message with ' || $1 || ' ' || (i % 7) AS message FROM range(9000) AS r(i)"


def plant_in_duckdb(folder: Path) -> None:
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"CREATE TABLE messages AS {MANY_TEXTS}", [SECRET])
        connection.execute("CHECKPOINT")


def plant_in_parquet(folder: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({MANY_TEXTS}) TO '{folder}/messages.parquet' (COMPRESSION zstd)", [SECRET])


def plant_in_sqlite(value: object) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "runs.db")) as connection:
            connection.execute("CREATE TABLE snapshots (body BLOB)")
            connection.execute("INSERT INTO snapshots VALUES (?)", [value])
            connection.commit()

    return plant


def plant_in_workbook(folder: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.create_sheet("a sheet").append(["a", SECRET])
    workbook.save(folder / "report.xlsx")


def plant_as_name(folder: Path) -> None:
    (folder / quote(SECRET, safe="")).mkdir()


def zipped(content: str | bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.txt", content)
    return packed.getvalue()


def plant(content: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "deep").mkdir()
        (folder / "deep" / "some.log").write_bytes(content)

    return write


PLANTED: dict[str, Callable[[Path], None]] = {
    "a log": plant(f"GET /?token={SECRET} failed".encode()),
    "a log in lower case": plant(SECRET.lower().encode()),
    "an address": plant(f"https://x/?t={quote(SECRET, safe='')}".encode()),
    "an address in an address": plant(quote(quote(SECRET, safe=""), safe="").encode()),
    "a form": plant(quote_plus(SECRET).lower().encode()),
    "a page": plant(html.escape(SECRET).encode()),
    "a header": plant(base64.b64encode(f"user:{SECRET}".encode())),
    "a header of another length": plant(base64.b64encode(f"users:{SECRET}:more".encode())),
    "a header of a third length": plant(base64.urlsafe_b64encode(f"{SECRET}!".encode())),
    "UTF-16": plant(SECRET.encode("utf-16")),
    "a gzip file": plant(gzip.compress(SECRET.encode())),
    "a zip file in a gzip file": plant(gzip.compress(zipped(SECRET))),
    "JSON in JSON": plant(json.dumps(json.dumps({"m": f'"{SECRET}"'})).encode()),
    "a text in SQLite": plant_in_sqlite(json.dumps({"message": SECRET})),
    "a packed blob in SQLite": plant_in_sqlite(zlib.compress(json.dumps({"message": SECRET}).encode())),
    "a pickle in SQLite": plant_in_sqlite(pickle.dumps({"cursor": [SECRET]})),
    "DuckDB": plant_in_duckdb,
    "parquet": plant_in_parquet,
    "a workbook": plant_in_workbook,
    "a file's name": plant_as_name,
}


@pytest.mark.rule("A12")
@pytest.mark.parametrize("where", PLANTED)
def test_the_search_finds_a_credential_that_is_planted(tmp_path: Path, where: str) -> None:
    (tmp_path / "innocent.log").write_text("S3cret things are not the secret")
    assert leaks(tmp_path, {"planted": SECRET}, {"printed": "nothing"}) == []
    PLANTED[where](tmp_path)
    assert leaks(tmp_path, {"planted": SECRET})


def test_the_search_looks_at_what_is_printed_and_says_where(tmp_path: Path) -> None:
    assert leaks(tmp_path, {"planted": SECRET}, {"the terminal": f"token={SECRET}"}) == ["planted in the terminal"]
