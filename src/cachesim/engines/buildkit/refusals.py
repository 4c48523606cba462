"""What does the engine, or its client, refuse before it looks at a single step?

Source: docker/buildx 0.29 build/build.go, commands/build.go; BuildKit v0.25 frontend/dockerui/config.go, attr.go,
frontend/dockerfile/linter/linter.go (ParseLintOptions).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cachesim.context.ignore import IgnoreMatcher, go_match_error
from cachesim.dockerfile.go_values import is_ip
from cachesim.dockerfile.words import go_quote
from cachesim.engines.base import BuildRequest
from cachesim.engines.buildkit.linter.options import LintOptionsError, lint_options
from cachesim.graph.options import BuildOptions, ImageStore, reference_problem

__all__ = ["bad_exclude", "bad_source_pattern", "checksum_problem", "refused_request"]

_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


def refused_request(request: BuildRequest) -> str:
    """Why a build is refused for the way it is started or for the directives at the top of its Dockerfile, or ""."""
    return _by_client(request.options, request.store) or _by_frontend(request)


def _by_client(options: BuildOptions, store: ImageStore) -> str:
    if "," in options.platform and store is ImageStore.GRAPHDRIVER:
        return "Multi-platform build is not supported for the docker driver"
    if options.no_cache and options.no_cache_filter:
        return "--no-cache and --no-cache-filter cannot currently be used together"
    for name, address in options.add_hosts:
        if not name or not _is_address(address):
            return f"invalid host {name}:{address}" if address else f"invalid host {name}"
    for name, value in (*options.args, *options.labels):
        if not name:
            return f"invalid key-value pair {go_quote('' if value is None else f'={value}')}: empty key"
    for name, _ in options.contexts:
        if problem := reference_problem(name):
            return f"invalid context name {name}: {problem}"
    return ""


def _is_address(text: str) -> bool:
    return text == "host-gateway" or is_ip(text.removeprefix("[").removesuffix("]"))


def _by_frontend(request: BuildRequest) -> str:
    given = dict(request.options.args)
    if given.get("BUILDKIT_SYNTAX") == "":
        return "invalid context name : invalid reference format"
    epoch = given.get("SOURCE_DATE_EPOCH") or "0"
    if not re.fullmatch("[+-]?[0-9]+", epoch):
        return f"invalid SOURCE_DATE_EPOCH: {epoch}: strconv.ParseInt: parsing {go_quote(epoch)}: invalid syntax"
    try:
        lint_options(request)
    except LintOptionsError as e:
        return str(e)
    return ""


def bad_source_pattern(paths: Iterable[str]) -> str:
    """Why a context cannot be sent for the sake of these source paths, or ""."""
    for path in sorted(paths):
        if any(c in path for c in "[\\") and (problem := go_match_error(path)):
            return f"rpc error: code = Unknown desc = invalid includepatterns: [{path}]: {problem}"
        if any(low > high for low, high in re.findall(r"\[\^?(?:[^\]\\])*?([^\]\\])-([^\]\\])", path)):
            return "error from sender: failed to match includepatterns: syntax error in pattern"
    return ""


def bad_exclude(patterns: tuple[str, ...]) -> str:
    """Why the --exclude patterns of a copy are refused, or ""."""
    problem = IgnoreMatcher.of(patterns).error if patterns else ""
    return f"invalid excludepatterns: {'[' + ' '.join(patterns) + ']'}: {problem}" if problem else ""


def checksum_problem(text: str) -> str:
    """Why the --checksum of a download is refused, or ""."""
    algorithm, colon, digits = text.partition(":")
    if not colon or not re.fullmatch(r"[a-z0-9]+([+._-][a-z0-9]+)*", algorithm) or not re.fullmatch("[a-zA-Z0-9=_-]+", digits):
        return "invalid checksum digest format"
    if algorithm not in _DIGEST_LENGTHS:
        return "unsupported digest algorithm"
    if len(digits) != _DIGEST_LENGTHS[algorithm]:
        return "invalid checksum digest length"
    return "" if re.fullmatch("[a-f0-9]+", digits) else "invalid checksum digest format"
