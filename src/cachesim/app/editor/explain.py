"""What does the word under the cursor do, and what does it mean for the cache?"""

from __future__ import annotations

__all__ = ["DIRECTIVES", "FLAGS", "INSTRUCTIONS", "MOUNT_OPTIONS", "PLATFORM_ARGS", "explain", "word_at"]

INSTRUCTIONS: dict[str, str] = {
    "FROM": "Starts a stage from a base image, an earlier stage or scratch. The stage is cached as long as the base is "
            "the same image; a tag that moved to another image makes everything built on it new.",
    "RUN": "Runs a command and keeps the files it changes as a layer. It is cached while the command text, the "
           "environment, the ARGs declared before it and the step above stay the same; the engine never looks at what "
           "the command would fetch from outside.",
    "COPY": "Copies files from the build context, from another stage (--from) or from a heredoc. It is cached while "
            "names, content and mode of these files and the step above stay the same; times do not count.",
    "ADD": "Like COPY, and also unpacks local tar archives and fetches URLs and git repositories. Use COPY where you "
           "do not need that.",
    "ARG": "Declares a build argument, with a default. A declared ARG is part of the key of every later RUN of the "
           "stage, used or not. Before the first FROM it serves only FROM lines, until a stage declares it again.",
    "ENV": "Sets a variable for all later steps and for the container. It makes no layer; a new value makes all later "
           "RUN steps new.",
    "WORKDIR": "Sets (and makes) the folder in which later steps work. Relative paths continue from the one before.",
    "CMD": "Sets the default command of the container, or arguments for ENTRYPOINT. Configuration only: it makes no "
           "layer. Only the last one counts.",
    "ENTRYPOINT": "Sets the program of the container; CMD then gives its arguments. Configuration only: it makes no "
                  "layer. Setting it clears a CMD that came from the base.",
    "LABEL": "Adds metadata to the image. Configuration only: it makes no layer.",
    "EXPOSE": "Notes which ports the program listens on; it publishes nothing. Configuration only: it makes no layer.",
    "USER": "Sets the user for later RUN steps and for the container. It makes no layer.",
    "VOLUME": "Marks folders whose content lives outside the container. Configuration only: it makes no layer.",
    "STOPSIGNAL": "Sets the signal that stops the container. Configuration only: it makes no layer.",
    "HEALTHCHECK": "Sets the command that tells whether the container is well (or NONE to drop the base's). "
                   "Configuration only: it makes no layer.",
    "SHELL": "Sets the shell for later RUN, CMD and ENTRYPOINT in shell form. It makes no layer; the shell is part of "
             "each later RUN command.",
    "ONBUILD": "Stores an instruction in the image that runs when another build uses it as a base, right after its "
               "FROM. Here it makes no layer.",
    "MAINTAINER": "Names the author. Deprecated: use LABEL org.opencontainers.image.authors.",
}

FLAGS: dict[str, dict[str, str]] = {
    "FROM": {"platform": "Platform of the base image, such as linux/amd64 or $BUILDPLATFORM."},
    "RUN": {
        "mount": "Mounts something for this command only: a folder of the context or another stage (bind), a kept "
                 "cache folder (cache), a secret, an ssh agent or tmpfs. What a cache mount holds is not in the key.",
        "network": "Network of this command: default, none or host.",
        "device": "Gives the command a device of the host (CDI name); the engine must know it.",
    },
    "COPY": {
        "from": "Copies from a stage, a named context or an image instead of the build context.",
        "chown": "Owner of the copied files, as user:group. It is part of the key.",
        "chmod": "Mode of the copied files. It is part of the key.",
        "link": "Makes an independent layer that does not need the step above; it stays cached when that one runs.",
        "exclude": "Leaves out what matches the pattern; can be given more than once.",
    },
    "ADD": {
        "chown": "Owner of the added files, as user:group. It is part of the key.",
        "chmod": "Mode of the added files. It is part of the key.",
        "link": "Makes an independent layer that does not need the step above; it stays cached when that one runs.",
        "checksum": "Expected digest of what is fetched; the build fails if it differs.",
        "keep-git-dir": "Keeps the .git folder of a fetched repository.",
        "unpack": "Whether archives are unpacked.",
        "exclude": "Leaves out what matches the pattern; can be given more than once.",
    },
    "HEALTHCHECK": {
        "interval": "Time between two checks (default 30s).",
        "timeout": "Time after which a check has failed (default 30s).",
        "start-period": "Time in which failures do not count (default 0s).",
        "start-interval": "Time between two checks in the start period (default 5s).",
        "retries": "Failures in a row until the container is unhealthy (default 3).",
    },
}

MOUNT_OPTIONS: dict[str, tuple[str, ...]] = {
    "bind": ("type", "source", "target", "from", "rw"),
    "cache": ("type", "target", "id", "sharing", "from", "source", "mode", "uid", "gid", "ro"),
    "tmpfs": ("type", "target", "size"),
    "secret": ("type", "id", "target", "env", "required", "mode", "uid", "gid"),
    "ssh": ("type", "id", "target", "required", "mode", "uid", "gid"),
}

DIRECTIVES: dict[str, str] = {
    "syntax": "Chooses the Dockerfile frontend image, such as docker/dockerfile:1. Must stand at the top of the file.",
    "escape": "Chooses the character that continues a line: \\ or `. Must stand at the top of the file.",
    "check": "Switches build checks off (skip=…) or makes them errors (error=true). Must stand at the top of the file.",
}

PLATFORM_ARGS: dict[str, str] = {
    "BUILDPLATFORM": "platform of the machine that builds", "BUILDOS": "its system", "BUILDARCH": "its processor",
    "BUILDVARIANT": "its processor variant", "TARGETPLATFORM": "platform of the image",
    "TARGETOS": "its system", "TARGETARCH": "its processor", "TARGETVARIANT": "its processor variant",
}


def explain(keyword: str, word: str) -> str:
    """A short text for the word under the cursor inside an instruction: its flag, else the instruction; "" if unknown.

    Args:
        keyword: The instruction's, upper case; for a directive "#".
        word: As written under the cursor, "--from=build" or "syntax=docker/dockerfile:1".
    """
    name = word.lstrip("-").partition("=")[0]
    if keyword == "#":
        text = DIRECTIVES.get(name.lower(), "")
        return f"# {name.lower()}=: {text}" if text else "A comment: it is in no key and changes nothing."
    if word.startswith("--") and name in FLAGS.get(keyword, {}):
        return f"{keyword} --{name}: {FLAGS[keyword][name]}"
    variable = word.partition("$")[2].strip("{}").partition(":")[0]
    if variable in PLATFORM_ARGS:
        return f"${variable}: {PLATFORM_ARGS[variable]}. In a stage it needs an ARG {variable} first."
    return f"{keyword}: {INSTRUCTIONS[keyword]}" if keyword in INSTRUCTIONS else ""


def word_at(line: str, at: int) -> str:
    """What stands between the blanks around that place of a line."""
    before, after = line[:at], line[at:]
    return (before.split()[-1] if before and not before[-1].isspace() else "") + (
        after.split()[0] if after and not after[0].isspace() else "")
