"""What stands behind an engine's error that has nothing to do with the Dockerfile, and what helps?"""

from __future__ import annotations

import re

from cachesim.graph.options import familiar_ref, normalize_ref

__all__ = ["NO_ANSWER", "NO_PERMISSION", "REHEARSAL_HELPS", "WENT_AWAY", "explain_trouble"]

NO_PERMISSION = ("the engine's socket refuses this user. Join the docker group (sudo usermod -aG docker $USER), then "
                 "log in again")
NO_ANSWER = "the engine does not answer. Start it (sudo systemctl start docker), then try again"
WENT_AWAY = "the engine went away during the build. Start it again, then confirm once more"
REHEARSAL_HELPS = "A rehearsal needs no base images and no network: choose the mode rehearsal"

_SIGNS = (
    ("no space left on device", "the engine's disk is full. Free some space (docker system df shows what uses it)"),
    ("permission denied while trying to connect", NO_PERMISSION),
    ("Cannot connect to the Docker daemon", NO_ANSWER),
    ("error during connect", NO_ANSWER),
    ("error reading from server", WENT_AWAY),
    ("code = Unavailable", WENT_AWAY),
    ("failed to receive status", WENT_AWAY),
    ("connection reset by peer", WENT_AWAY),
)
_NO_IMAGE = re.compile(r"failed to resolve source metadata for (\S+): (.*)|pull access denied for ([^\s,]+)[,:]? ?(.*)")
_REASONS = ("no such host", "connection refused", "i/o timeout", "network is unreachable", "not found", "unauthorized",
            "toomanyrequests", "certificate", "server misbehaving", "repository does not exist")


def explain_trouble(text: str) -> str:
    """What is wrong and what to do; "" if it is not known."""
    missing = _NO_IMAGE.search(text)
    if missing is not None:
        return _no_image(missing[1] or missing[3], missing[2] or missing[4])
    return next((said for sign, said in _SIGNS if sign.lower() in text.lower()), "")


def _no_image(ref: str, said: str) -> str:
    reason = next((r for r in _REASONS if r in said.lower()), said.rpartition(": ")[2].strip())
    name = familiar_ref(normalize_ref(ref))
    because = f" ({reason})" if reason else ""
    return (f"the image {name} is not on this engine and could not be fetched{because}. {REHEARSAL_HELPS}; or get the "
            f"image first (docker pull {name})")
