"""How the sample tools talk to PostgreSQL: psql as a child, rows in COPY's text form.

No driver is needed, and whatever psql is on the machine can load into any server version.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

# What COPY's text form escapes; everything else goes as it is.
ESCAPES = str.maketrans(
    {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
)
NULL = "\\N"


class DatabaseError(RuntimeError):
    """A statement or a copy that failed; the text has psql's own words."""


class Dsn(NamedTuple):
    host: str
    port: int
    user: str
    password: str
    db: str

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {
            **kept,
            "LC_ALL": "C.UTF-8",
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.db,
            "PGCLIENTENCODING": "UTF8",
            "PGTZ": "UTC",
            "PGCONNECT_TIMEOUT": "10",
            "PGAPPNAME": "lc2-sample",
            "PGOPTIONS": "-c client_min_messages=warning",
        }


def add_dsn_options(parser, required=True):
    """The same five options in every tool; dsn_of() reads them."""
    group = parser.add_argument_group("database")
    group.add_argument("--dsn-host", default="127.0.0.1", metavar="HOST")
    group.add_argument("--dsn-port", type=int, default=5432, metavar="PORT")
    group.add_argument("--dsn-user", default="lc2", metavar="USER")
    group.add_argument(
        "--dsn-password-file", metavar="FILE", help="holds the password and nothing else"
    )
    group.add_argument("--db", required=required, metavar="NAME", help="an existing database")


def dsn_of(args):
    password = ""
    if args.dsn_password_file:
        password = Path(args.dsn_password_file).read_text().strip()
    return Dsn(args.dsn_host, args.dsn_port, args.dsn_user, password, args.db)


def find_psql():
    """The newest Debian client, else the one in PATH."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/psql"),
        key=lambda p: float(p.parts[-3]),
        reverse=True,
    )
    if found:
        return str(found[0])
    program = shutil.which("psql")
    if program is None:
        raise DatabaseError("no psql found; HINT: apt-get install postgresql-client-15")
    return program


def psql_command(*extra):
    return [find_psql(), "-XqAt", "-v", "ON_ERROR_STOP=1", *extra]


def run_sql(dsn, sql, *, single_transaction=False):
    """Runs statements and gives psql's output: fields parted by '|', no header."""
    extra = ["-1"] if single_transaction else []
    done = subprocess.run(
        psql_command(*extra, "-f", "-"),
        input=sql,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=dsn.environment(),
        check=False,
    )
    if done.returncode != 0:
        raise DatabaseError(f"psql failed on database '{dsn.db}': {done.stderr.strip()}")
    return done.stdout.rstrip("\n")


def rows(dsn, query):
    """The rows of a query as lists of text (None for null), streamed through COPY."""
    command = psql_command("-c", f"copy ({query}) to stdout")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dsn.environment()
    ) as child:
        for line in child.stdout:
            fields = line.decode().rstrip("\n").split("\t")
            yield [None if field == NULL else unescape(field) for field in fields]
        said = child.stderr.read().decode(errors="replace").strip()
    if child.returncode != 0:
        raise DatabaseError(f"query failed on database '{dsn.db}': {said}")


UNESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "\\": "\\"}


def unescape(field):
    if "\\" not in field:
        return field
    parts = iter(field.split("\\"))
    text = [next(parts)]
    for part in parts:
        if part:
            text.append(UNESCAPES.get(part[0], part[0]) + part[1:])
        else:  # the second half of an escaped backslash follows
            text.append("\\" + next(parts, ""))
    return "".join(text)


def field(value):
    """One value in COPY's text form."""
    if value is None:
        return NULL
    if value is True:
        return "t"
    if value is False:
        return "f"
    if isinstance(value, str):
        return value.translate(ESCAPES)
    return str(value)


class Copy:
    """A running COPY into one table; rows go out in batches, memory stays flat.

    `before` statements run in the same transaction, first: a table made there is loaded without
    write-ahead log where the server's wal_level is minimal. Counts what it sent: those are the
    bytes that pg_dump writes for the same rows.
    """

    BATCH = 1 << 18

    def __init__(self, dsn, table, columns, before="", after=""):
        self.table, self.rows, self.bytes = table, 0, 0
        self._pending, self._size = [], 0
        command = psql_command("-1")
        if before:
            command += ["-c", before]
        names = f" ({', '.join(columns)})" if columns else ""
        command += ["-c", f"copy {table}{names} from stdin"]
        if after:
            command += ["-c", after]
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dsn.environment(),
        )

    def row(self, *values):
        self.line("\t".join(map(field, values)))

    def line(self, text):
        """A row that is already in COPY's form, without its newline."""
        self._pending.append(text)
        self._size += len(text)
        self.rows += 1
        if self._size >= self.BATCH:
            self._flush()

    def block(self, data, count):
        """`count` whole rows as bytes, each with its newline."""
        self._flush()
        self._write(data)
        self.rows += count

    def _flush(self):
        if self._pending:
            self._write(("\n".join(self._pending) + "\n").encode())
            self._pending, self._size = [], 0

    def _write(self, data):
        self.bytes += len(data)
        try:
            self._child.stdin.write(data)
        except BrokenPipeError:
            self._fail()

    def _fail(self):
        said = self._child.stderr.read().decode(errors="replace").strip()
        self._child.wait()
        raise DatabaseError(f"copy into {self.table} failed: {said}")

    def close(self):
        self._flush()
        try:
            self._child.stdin.close()
        except BrokenPipeError:
            self._fail()
        if self._child.wait() != 0:
            self._fail()
        self._child.stderr.close()

    def abort(self):
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.close()
        else:
            self.abort()
