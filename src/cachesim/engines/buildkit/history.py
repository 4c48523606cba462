"""Which history entry does BuildKit write for an instruction?

Source: BuildKit v0.25 dockerfile2llb/convert.go (commitToHistory and its callers).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.words import go_quote
from cachesim.engines.base import HistoryEntry
from cachesim.engines.buildkit.env import Env

__all__ = ["COMMENT", "command", "copy", "env", "expose", "healthcheck", "is_signal", "meta", "port_problem", "run"]

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
    """EXPOSE: ranges spelled out, protocol added."""
    ports: list[str] = []
    for word in words:
        span, _, protocol = word.partition("/")
        first, dash, last = span.rpartition(":")[2].partition("-")
        if first.isdigit() and (not dash or last.isdigit()):
            ports += [f"{n}/{(protocol or 'tcp').lower()}" for n in range(int(first), int(last or first) + 1)]
        else:
            ports.append(word)
    return meta(f"EXPOSE [{' '.join(ports)}]")


def port_problem(word: str) -> str:
    """Why EXPOSE refuses a word, or "". Source: docker/go-connections nat.ParsePortSpec."""
    rest, _, protocol = word.partition("/")
    port = rest.rpartition(":")[2]
    if not port:
        return f'invalid port: "{word}": no port specified'
    if protocol.lower() not in ("", "tcp", "udp", "sctp"):
        return f'invalid port: "{word}": invalid proto: {protocol}'
    address = rest.rpartition(":")[0].rpartition(":")[0]
    if address and not all(part.isdigit() for part in address.strip("[]").split(".")) and ":" not in address:
        return f"invalid IP address: {address}"
    first, dash, last = port.partition("-")
    numbers = [first, last] if dash else [first]
    if not all(n.isdigit() and int(n) <= 65535 for n in numbers) or (dash and int(last) < int(first)):
        return f"invalid containerPort: {port}"
    return ""


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
