"""The tables of the catalog; docs/catalog.md says for people what each column means.

Times are milliseconds since 1970, in UTC; durations milliseconds; yes and no are 1 and 0. A column that is
not known is NULL. `session` is the same number everywhere; foreign keys are not declared, since checking
them would cost a third of all writing, and one place removes a session from all tables.
"""

from __future__ import annotations

SCHEMA_VERSION = 6
"""Raise it where the same files come to be read in another way: catalogs are then made anew. They are, too,
where anything below is changed."""

TABLES = """
CREATE TABLE about (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
    session INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    id TEXT,
    root_id TEXT,
    parent_id TEXT,
    relation TEXT NOT NULL,
    agent_path TEXT,
    agent_nickname TEXT,
    agent_role TEXT,
    agent_depth INTEGER NOT NULL,
    forked_from TEXT,
    forked_at INTEGER,
    format TEXT NOT NULL,
    originator TEXT,
    source TEXT,
    cwd TEXT,
    branch TEXT,
    git_commit TEXT,
    repository TEXT,
    title TEXT NOT NULL,
    named INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    state TEXT NOT NULL,
    model TEXT,
    archived INTEGER NOT NULL,
    compressed INTEGER NOT NULL,
    turns INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    failed_turns INTEGER NOT NULL,
    failed_calls INTEGER NOT NULL,
    input INTEGER NOT NULL,
    cached_input INTEGER NOT NULL,
    cache_write_input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning_output INTEGER NOT NULL,
    usage_source TEXT NOT NULL,
    inherited_lines INTEGER NOT NULL,
    inherited_calls INTEGER NOT NULL,
    problems INTEGER NOT NULL
);

CREATE TABLE files (
    path TEXT PRIMARY KEY,
    session INTEGER,
    position INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    read_to INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    tail_digest BLOB,
    refused TEXT,
    stranger INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX files_by_session ON files (session);

CREATE TABLE versions (
    session INTEGER NOT NULL,
    position INTEGER NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (session, position)
) WITHOUT ROWID;

CREATE TABLE turns (
    session INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    id TEXT,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    error_code TEXT,
    reverted INTEGER NOT NULL,
    prompt TEXT,
    model TEXT,
    effort TEXT,
    cwd TEXT,
    approval_policy TEXT,
    sandbox TEXT,
    started_at INTEGER,
    ended_at INTEGER,
    duration_ms INTEGER,
    input INTEGER NOT NULL,
    cached_input INTEGER NOT NULL,
    cache_write_input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning_output INTEGER NOT NULL,
    responses INTEGER NOT NULL,
    compactions INTEGER NOT NULL,
    context_used INTEGER,
    context_window INTEGER,
    file INTEGER NOT NULL,
    line INTEGER NOT NULL,
    PRIMARY KEY (session, turn)
) WITHOUT ROWID;

CREATE TABLE calls (
    session INTEGER NOT NULL,
    position INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    name TEXT NOT NULL,
    namespace TEXT,
    tool TEXT NOT NULL,
    status TEXT NOT NULL,
    exit_code INTEGER,
    reason TEXT,
    summary TEXT NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    duration_ms INTEGER,
    parallel INTEGER NOT NULL,
    parent_call_id TEXT,
    child_session TEXT,
    file INTEGER NOT NULL,
    line INTEGER NOT NULL,
    PRIMARY KEY (session, position)
) WITHOUT ROWID;

CREATE TABLE responses (
    session INTEGER NOT NULL,
    position INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    at INTEGER,
    model TEXT,
    tier TEXT,
    input INTEGER NOT NULL,
    cached_input INTEGER NOT NULL,
    cache_write_input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning_output INTEGER NOT NULL,
    PRIMARY KEY (session, position)
) WITHOUT ROWID;

CREATE TABLE links (
    session INTEGER NOT NULL,
    position INTEGER NOT NULL,
    child_id TEXT,
    path TEXT,
    call_id TEXT,
    relation TEXT NOT NULL,
    name TEXT,
    PRIMARY KEY (session, position)
) WITHOUT ROWID;

CREATE TABLE problems (
    session INTEGER NOT NULL,
    position INTEGER NOT NULL,
    file INTEGER NOT NULL,
    line INTEGER NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (session, position)
) WITHOUT ROWID;

CREATE TABLE unknown_lines (
    session INTEGER NOT NULL,
    type TEXT NOT NULL,
    lines INTEGER NOT NULL,
    PRIMARY KEY (session, type)
) WITHOUT ROWID;

CREATE TABLE names (
    home TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (home, id)
) WITHOUT ROWID;

CREATE TABLE name_files (
    home TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE halts (
    session INTEGER PRIMARY KEY,
    format TEXT NOT NULL,
    responses INTEGER NOT NULL,
    fold BLOB NOT NULL
);
"""

TOLD_ANEW = ("versions", "turns", "calls", "links", "problems", "unknown_lines", "halts", "files")
"""Tables whose rows are replaced whenever a session is read; responses only ever come to be more."""
