"""Which history entry does BuildKit write for an instruction?

Source: BuildKit v0.25 dockerfile2llb/convert.go (commitToHistory and its callers).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.go_values import is_ip
from cachesim.dockerfile.words import go_quote
from cachesim.engines.base import HistoryEntry
from cachesim.engines.buildkit.env import Env

__all__ = ["COMMENT", "command", "copy", "env", "expose", "healthcheck", "is_signal", "meta", "port_problem", "run"]

_PORT = re.compile(r"[+-]?[0-9]+")
COMMENT = "buildkit.dockerfile.v0"
_SIGNALS = frozenset(
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN "
    "TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX".split()) | {
        f"RTMIN+{i}" for i in range(1, 16)} | {f"RTMAX-{i}" for i in range(1, 15)}


def meta(text: str) -> HistoryEntry:
    """An entry without layer."""
    return HistoryEntry(text, COMMENT, True)


def env(keyword: str, pairs: Sequence[tuple[str, str]]) -> HistoryEntry:
    """ENV and LABEL: expanded, unquoted."""
    return meta(" ".join([keyword, *(f"{k}={v}" for k, v in pairs)]))


def command(keyword: str, argv: Sequence[str]) -> HistoryEntry:
    """CMD and ENTRYPOINT: a list as Go quotes it."""
    return meta(f"{keyword} [{' '.join(go_quote(a) for a in argv)}]")


@functools.lru_cache(maxsize=4096)      # most steps stay as they were from one build to the next
def run(argv: tuple[str, ...], args: tuple[tuple[str, str | None], ...], environment: Env) -> HistoryEntry:
    """RUN: all ARGs declared so far in front, by first declaration."""
    declared = {name: f"{name}={environment.get(name, value or '')}" for name, value in args}
    prefix = [f"|{len(declared)}", *declared.values()] if declared else []
    return HistoryEntry(f"RUN {' '.join([*prefix, *argv])} # buildkit", COMMENT, False)


def copy(keyword: str, chown: str, chmod: str, sources: Sequence[str], heredocs: Sequence[str],
         destination: str) -> HistoryEntry:
    """COPY and ADD: only these two flags, the destination as written after expansion."""
    words = [keyword]
    words += [f"--chown={chown}"] if chown else []
    words += [f"--chmod={chmod}"] if chmod else []
    words += [*sources, *(f"<<{name}" for name in heredocs), destination, "# buildkit"]
    return HistoryEntry(" ".join(words), COMMENT, False)


def expose(words: Sequence[str]) -> HistoryEntry:
    """EXPOSE: ranges spelled out, protocol added; the words have no `port_problem`."""
    ports: list[str] = []
    for word in words:
        span, _, protocol = word.rpartition(":")[2].partition("/")
        ports += [f"{n}/{(protocol or 'tcp').lower()}" for n in _port_range(span) or ()]
    return meta(f"EXPOSE [{' '.join(ports)}]")


def port_problem(word: str) -> str:
    """Why EXPOSE refuses a word, or "". Source: BuildKit v0.25 dockerfile2llb/convert_expose.go."""
    rest, _, last = word.rpartition(":")
    address, _, host = rest.rpartition(":")
    port, _, protocol = last.partition("/")
    if not port:
        return f"invalid port: {go_quote(word)}: no port specified"
    if protocol.lower() not in ("", "tcp", "udp", "sctp"):
        return f"invalid port: {go_quote(word)}: invalid proto: {protocol}"
    if address.startswith("["):
        if not address.endswith("]"):
            return f"invalid IP address {address}: address {address}:: missing ']' in address"
        address = address[1:-1]
    if address and not is_ip(address):
        return f"invalid IP address: {address}"
    inside = _port_range(port)
    if inside is None:
        return f"invalid containerPort: {port}"
    outside = _port_range(host) if host else None
    if host and outside is None:
        return f"invalid hostPort: {host}"
    if outside is not None and len(inside) > 1 and len(inside) != len(outside):
        return f"invalid ranges specified for container and host Ports: {port} and {host}"
    return ""


def _port_range(text: str) -> range | None:
    """Ports from one to the other, or None if that is no range."""
    first, dash, last = text.partition("-")
    if not all(_PORT.fullmatch(word) for word in ((first, last) if dash else (first,))):
        return None
    start, end = int(first), int(last or first)
    return range(start, end + 1) if start <= end <= 65535 else None


def healthcheck(check: ins.Healthcheck) -> HistoryEntry:
    """HEALTHCHECK: the structure printed with Go's %q, the number of retries as a character."""
    if check.type == "NONE":
        test = ["NONE"]
    elif check.argv is not None:
        test = ["CMD", *check.argv]
    else:
        test = ["CMD-SHELL", check.command or ""]
    times = (check.interval, check.timeout, check.start_period, check.start_interval)
    return meta(f"HEALTHCHECK &{{[{' '.join(go_quote(t) for t in test)}] {' '.join(go_quote(_duration(t)) for t in times)} "
                f"{_rune(check.retries)}}}")


def _rune(code: int) -> str:
    """Go's %q of a number."""
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return "'\ufffd'"
    if chr(code) == "'":
        return "'\\''"
    return "'" + ('"' if chr(code) == '"' else go_quote(chr(code))[1:-1]) + "'"


def _duration(ns: int) -> str:
    """Go's Duration.String."""
    if ns == 0:
        return "0s"
    for unit, size in (("ns", 1), ("µs", 1000), ("ms", 1_000_000)):
        if ns < size * 1000:
            return _decimal(ns, size) + unit
    seconds, minutes = ns % 60_000_000_000, ns // 60_000_000_000
    text = _decimal(seconds, 1_000_000_000) + "s"
    if minutes:
        text = f"{minutes % 60}m{text}"
    return f"{minutes // 60}h{text}" if minutes >= 60 else text


def _decimal(value: int, size: int) -> str:
    whole, rest = divmod(value, size)
    digits = len(str(size)) - 1
    fraction = f"{rest:0{digits}d}".rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)


def is_signal(text: str) -> bool:
    """Whether STOPSIGNAL accepts it. Source: moby/sys/signal ParseSignal."""
    if text.lstrip("+-").isdigit():
        return int(text) != 0
    return text.upper().removeprefix("SIG") in _SIGNALS
