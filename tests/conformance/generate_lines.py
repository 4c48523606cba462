"""Which instructions has nobody thought of yet? Random lines of a Dockerfile."""

from __future__ import annotations

import hashlib

from tests.conformance.generate_files import Files

__all__ = ["BROKEN", "URLS", "Lines"]

URLS = "http://127.0.0.1:18999/"        # what the differential tester serves: every path, its own last word as the body
MODIFIERS = ("${V0:-d}", "${V0-d}", "${V9:-d}", "${V9-$V0}", "${V0:+p}", "${V0+p}", "${V9+p}x", "${V0#a}", "${V0##*a}", "${V0%%[0-9]*}",
             "${V0%?}", "${V0/a/b}", "${V0//a/_}", "${V0/a}", "${V0:?m}", "${V0?}", "\\$V0", "'$V0'", "\"$V0\"", "${V9:-${V0:-e}}",
             "$V0$V1", "${V0}x", "a\\ b", "${V0%%*}", "${V0#?*}", "${V0//\\//-}")
BROKEN = ("COPY missing.txt /m", "RUN false", "RUN exit 3", "NOPE x", "RUN --nope true", "COPY req.txt", "COPY --chmod=999 req.txt /m",
          "COPY --chmod=u+q req.txt /m", "COPY --from=later /x /y", "COPY --from=99 /x /y", "ENV A", "ENV A=1 B", "LABEL x",
          "COPY a b c", "ADD req.txt app /two", "CMD [\"a\", 1]", "RUN [\"a\" \"b\"]", "ENV X=${V9:?gone}", "ENV X=${V0^^}", "WORKDIR ${V9:?}",
          "COPY --parents req.txt /m/", "RUN --security=insecure true", "RUN --network=host true", "RUN --device=x true",
          "HEALTHCHECK --interval=x CMD a", "HEALTHCHECK", "HEALTHCHECK NONE x", "EXPOSE a", "EXPOSE 70000", "STOPSIGNAL NOPE",
          "ONBUILD FROM x", "ONBUILD ONBUILD RUN a", "ONBUILD MAINTAINER x", "RUN <<EOF\ntrue\n", "COPY <<EOF\nx\nEOF", "RUN", "CMD", "ARG",
          "USER", "WORKDIR", "VOLUME", "SHELL /bin/sh", "SHELL []", "ENTRYPOINT", "MAINTAINER", "COPY --chown=nobody req.txt /m",
          "COPY --chown=:nogroup req.txt /m", "USER ghost\nRUN true", "ADD --checksum=sha256:00 req.txt /m", "COPY http://x/y /m",
          "RUN --mount=type=nope true", "RUN --mount=type=bind true", "RUN --mount=type=secret,id=no,required=true true",
          "RUN --mount=type=bind,from=nostage,target=/m true", "RUN --mount=type=bind,source=missing,target=/m true",
          "RUN --mount=type=cache,target=/c,sharing=odd true", "RUN --mount=target=/m,nope=1 true", "RUN --mount=type=ssh,required=true true",
          "FROM", "FROM nowhere:1", "FROM base:1 AS", "FROM base:1 AS 0x", "FROM --platform=linux/arm64 base:1", "FROM base:1 AS a b",
          "COPY --from=$V0 /x /y", "COPY --from=nowhere:1 /x /y", "COPY req.txt app/main.py /two", "RUN nosuchprogram", 'RUN ["/no/such"]',
          "ADD --unpack=maybe req.txt /m",
          "COPY --link=maybe req.txt /m", "COPY --exclude= app /m", "ARG a b=c 1=2", "ARG =x", "ENV =x", "ENV a =b", "LABEL =b",
          "EXPOSE 80-70", "EXPOSE 80/xyz", "VOLUME [\"\"]", "VOLUME \"\"", "USER \"\"", "COPY [\"req.txt\"]", "COPY \"\" /x", "RUN \"", "ENV a='b")
MOUNTS = ("--mount=type=cache,target=/c", "--mount=type=cache,target=/c,sharing=locked", "--mount=type=cache,id=W,target=/c",
          "--mount=type=cache,target=/c,uid=1000", "--mount=type=cache,target=c/d", "--mount=type=cache,target=/c,ro",
          "--mount=type=cache,target=/c,from=base:1,source=/etc", "--mount=type=cache,target=/c,mode=0700,gid=5",
          "--mount=type=cache,target=/c,sharing=private --mount=type=cache,target=/c2", "--mount=type=tmpfs,target=/scratch",
          "--mount=type=tmpfs,target=/scratch,size=1m", "--mount=type=bind,source=FILE,target=/mnt/f", "--mount=target=/ctx",
          "--mount=type=bind,target=/ctx,rw", "--mount=type=bind,target=/ctx,readonly=false", "--mount=type=secret,id=tok",
          "--mount=type=secret,id=tok,target=/tok,mode=0444", "--mount=type=secret,id=tok,env=TOK", "--mount=type=secret,id=tok,uid=5,gid=6",
          "--mount=type=secret,src=tok,dst=rel/tok", "--mount=type=secret,id=tok,env=TOK,target=/t", "--mount=type=ssh",
          "--mount=type=ssh,id=other,target=/agent", "--mount=type=ssh,mode=0666", "--network=none", "--network=default",
          "--mount=type=bind,source=app,target=mnt/W", "--mount=type=bind,source=app,destination=/a --mount=source=src,dst=/b",
          "--mount=type=bind,source=${V1:-app},target=/v", "--mount=from=other:1,source=/etc,target=/oe",
          "--mount=type=bind,from=other:1,target=/o,rw", "--mount=\"type=tmpfs,target=/q\"", "--mount=type=tmpfs,dst=/s --network=none",
          "--mount=type=cache,target=/c,from=other:1", "--mount=type=cache,id=W,target=/c,from=base:1,source=/etc,sharing=locked",
          "--mount=type=bind,from=scratch,target=/none", "--mount=type=cache,target=/c,from=scratch", "--mount=type=bind,src=app,target=/a,readwrite",
          "--mount=type=bind,source=app,target=/a,ro=false", "--mount=type=tmpfs,target=/scratch,size=2097152", "--mount=type=cache,dst=./rel/c",
          "--mount=type=cache,target=${D:-/c}", "--mount=type=cache,target=/c,id=/c", "--mount=type=cache,target=/c/,id=c,sharing=shared",
          "--mount=type=cache,target=/c,source=/etc,from=base:1,uid=5", "--mount=type=bind,source=src/..,target=/up", "--security=sandbox",
          "--network=${N:-none}", "--mount=type=secret,id=tok,required=false,target=/t2", "--mount=type=secret,env=TOK", "--mount=type=secret,target=/tok3",
          "--mount=type=bind,source=/app/main.py,target=/m.py --mount=type=bind,source=req.txt,target=/r.txt", "--mount=target=.,source=app",
          "--mount=type=bind,source=*.txt,target=/glob", "--mount=type=ssh,id=default,uid=5", "--mount=type=tmpfs,target=/tmp/../tmp")


class Lines(Files):
    """Lines of the stages that are there so far."""

    def __init__(self, seed: str, engine: str) -> None:
        super().__init__(seed)
        self.engine = engine
        self.names: list[str] = []
        self.contexts = False

    def instruction(self) -> str:
        """Any instruction but FROM."""
        kind = self.rng.random()
        line = self.run() if kind < .38 else self.copy() if kind < .7 else self.other()
        if self.chance(.04) and not line.startswith(("ONBUILD", "#", "MAINTAINER")) and ("<<" not in line or self.chance(.3)):
            line = "ONBUILD " + line
        return self._spelled(line) if self.chance(.1) else line

    def _spelled(self, line: str) -> str:
        """The same line as another person writes it."""
        word, _, rest = line.partition(" ")
        if word == "#" or "<<" in line:
            return line
        return self.rng.choice((f"{word.lower()} {rest}", f"  {word}  {rest}", f"{word}\t{rest}", f"{word} {rest}  ", f"{word} \\\n  {rest}",
                                f"{word} \\\n# c\n\n   # d\n {rest}", f"{word} {rest} \\\n", f"{word} \\  \n{rest}", f"{word.title()} {rest}"))

    # -- RUN --------------------------------------------------------------------------------------------------------

    def run(self) -> str:
        r, w = self.rng, self.word()
        text = r.choice((
            f"echo {w} > /{w}.txt", "true", f"mkdir -p /data/{w} && \\\n    # a comment\n    echo {w} > /data/{w}/f",
            f"ls -R / > /dev/null; echo {w} >> /log.txt", f"date +%s > /{w}.stamp", f"echo \"$V0\" ${{V1:-x}} > /{w}.v",
            f"echo {w}   {w}", f"cat /etc/marker > /{w}.m", f"if [ -e /log.txt ]; then cp /log.txt /{w}.log; fi",
            f"echo '{w}' > /out.txt", f"echo {w} \\\n  && true", f"touch /{w}.touch", "mkdir -p /data/d && ln -s d /data/l && echo x > /data/d/f",
            "echo same > /out.txt", "rm -f /out.txt /log.txt; echo again > /out.txt", f"echo {w} > rel.txt", "cp -r /etc /data || true",
            "chmod 600 /etc/marker", f"mkdir -p /opt /w && echo {w} | tee /opt/t /w/t > /dev/null", "cat /proc/uptime > /data.up",
            f"for i in 1 2; do echo {w} $i > /data-$i; done", "sh -c 'echo deep > /data.sh'", "[ -e /app ] && cp -r /app /opt || :",
            f"echo \"{w}\\$V0\" > /esc.txt", "echo $V0 ${V1} $A0 > /vars.txt", "echo 'bob:x:1000:1000::/:/bin/sh' >> /etc/passwd",
            "mv /out.txt /moved.txt || echo none > /moved.txt", "tar c /etc > /data.tar", "ls /mnt /ctx /from > /seen.txt 2>&1 || true"))
        if self.chance(.12):
            return r.choice((f'RUN ["sh", "-c", "echo {w} > /{w}.json"]', f'RUN [ "/bin/sh" , "-c","echo {w} > /out.txt" ]',
                             f"RUN ['sh', '{w}'] || true", f'RUN ["/bin/sh", "-c", "echo \\"{w}\\" > /q"]'))
        if self.engine == "buildkit" and self.chance(.15):
            return r.choice((
                f"RUN <<EOF\necho {w} > /{w}.h\nEOF", f"RUN <<-'EOT'\n\techo {w}\n\techo two\nEOT", f"RUN sh <<END > /{w}.h2\necho {w}\nEND",
                f"RUN <<EOF\n#!/bin/sh\necho {w} > /{w}.s\nEOF", f"RUN <<\"Q\" cat > /{w}.q\n$V0 {w} \\\n# no comment\nQ",
                f"RUN cat <<A <<B > /out.txt\n{w}\nA\ntwo\nB", "RUN <<EOF\nEOF", f"RUN <<-EOF\n\t#!/bin/sh\n\techo {w}\n\tEOF",
                f"RUN 3<<EOF cat <&3 > /out.txt\n{w}\nEOF", f"RUN echo '<<EOF' {w}", f"RUN --mount=type=cache,target=/c <<EOF\necho {w} > /c/x\nEOF",
                f"RUN <<EOF\n\n  echo {w}\n\nEOF", f"RUN cat << EOF > /sp.txt\n{w}\nEOF"))
        return f"RUN {self.mounts()}{text}"

    def mounts(self) -> str:
        if self.engine != "buildkit" or not self.chance(.2):
            return ""
        r = self.rng
        flags = [r.choice(MOUNTS).replace("FILE", self.some_file().replace(" ", "")).replace("W", self.word())]
        if self.chance(.15):
            flags.append(r.choice(MOUNTS).replace("FILE", "req.txt").replace("W", "w"))
        if self.names and self.chance(.4):
            name = r.choice(self.names)
            flags.append(r.choice((f"--mount=from={name},source=/,target=/from", f"--mount=from={name},source=/out.txt,target=/from",
                                   f"--mount=type=bind,from={name.upper()},target=/from,rw", f"--mount=from={name},source=/data,target=/from",
                                   f"--mount=from={name},source=/etc/marker,target=/from", f"--mount=type=cache,from={name},source=/data,target=/c",
                                   f"--mount=type=cache,from={name},target=/c,id=W", f"--mount=type=bind,from={name},source=etc,target=rel/from",
                                   f"--mount=from={name},source=/opt,target=/from,rw --mount=from={name},source=/etc,target=/from2")))
        if self.contexts and self.chance(.3):
            flags.append(r.choice(("--mount=from=extra,target=/extra", "--mount=from=extra,source=main.py,target=/extra.py",
                                   "--mount=type=cache,from=extra,target=/c5")))
        return " ".join(dict.fromkeys(flags)) + " "

    # -- COPY and ADD -----------------------------------------------------------------------------------------------

    def flags(self) -> list[str]:
        r = self.rng
        flags: list[str] = []
        if self.chance(.15):
            flags.append(r.choice(("--chown=1000:1000", "--chown=root", "--chown=5", "--chown=0:0", "--chown=$U", "--chown=root:root",
                                   "--chown=7:root", "--chown=\"5:6\"", "--chown=bob", "--chown=05")))
        if self.engine == "buildkit":
            if self.chance(.12):
                flags.append(r.choice(("--chmod=644", "--chmod=0755", "--chmod=u=rw,go=r", "--chmod=$M", "--chmod=a+x", "--chmod=7777", "--chmod=${V9:-600}")))
            if self.chance(.2):
                flags.append(r.choice(("--link", "--link", "--link", "--link=true", "--link=false", "--link=1", "--link=TRUE")))
            if self.chance(.1):
                flags.append(r.choice(("--exclude=*.md", "--exclude=**/*.txt --exclude=b*", "--exclude=deep", "--exclude=**/er/*", "--exclude=*",
                                       "--exclude=* --exclude=!a*", "--exclude=main.py", "--exclude=$V0", "--exclude=/app/main.py",
                                       "--exclude=**", "--exclude=./a*", "--exclude=app/", "--exclude=[a-c]0* --exclude=!**/*.md")))
        r.shuffle(flags)
        return flags

    def dest(self) -> str:
        return self.rng.choice((f"/{self.word()}", f"/{self.word()}/", ".", "./", "/opt/", "/opt", "sub/", "/a/b/c", "/w/.", "$D/", "/x/../y",
                                "/", "//opt//", "..", "\"/q\"", "/${V1:-v}/", "/data", "/etc/", "rel"))

    def copy(self) -> str:
        r = self.rng
        flags = self.flags()
        keyword = "ADD" if self.chance(.15) else "COPY"
        if self.names and self.chance(.35):
            return self._copy_from(r.choice((*self.names, "0", self.names[-1].upper())), flags)
        if self.contexts and self.chance(.3):
            return f"COPY --from=extra {r.choice(('.', '*.py', 'main.py', '/', 'in'))} /extra{self.count}/"
        if self.engine == "buildkit" and self.chance(.1):
            return self._copy_heredoc(keyword, [f for f in flags if not f.startswith("--exclude")])
        if self.engine == "buildkit" and self.chance(.04):
            url = r.choice(("a/one", "a/two", "b/one", "a/one?q=1", "c/"))
            checked = f"--checksum=sha256:{hashlib.sha256(b'one' + bytes((10,))).hexdigest()} " if url.endswith("/one") and self.chance(.4) else ""
            return f"ADD {checked}{r.choice(('', '', '--chmod=600 ', '--unpack ', '--link ', '--chown=5 '))}{URLS}{url} {r.choice(('/url/', '/url/', '/url'))}"
        if keyword == "ADD" and self.engine == "buildkit" and self.chance(.3):
            flags.append(r.choice(("--unpack=false", "--unpack=true", "--unpack", "--keep-git-dir=true")))
        sources = [self.source() for _ in range(1 if self.chance(.8) else 2)]
        packs = [n for n in ("pack.tar", "pack.tgz", "fake.tar", "bundle") if n in self.files]
        if packs and self.chance(.3):
            keyword, sources = "ADD", [r.choice(packs)]
        dest = self.dest()
        if (len(sources) > 1 or any("*" in s for s in sources)) and not dest.endswith("/") and self.chance(.95):
            dest += "/"
        words = [*sources, dest]
        if self.chance(.1) or (any(" " in w for w in words) and self.chance(.9)):
            return f"{keyword} {' '.join(flags)} [{', '.join(chr(34) + w.replace(chr(34), '').replace(chr(92), chr(92) * 2) + chr(34) for w in words)}]"
        if self.chance(.05):
            words[0] = f'"{words[0]}"'
        return " ".join([keyword, *flags, *words])

    def _copy_from(self, name: str, flags: list[str]) -> str:
        r = self.rng
        what = r.choice(("/out.txt", "/log.txt*", "/data*", "/etc/marker", "/opt*", "/*.h", "/w*", "/nope*", "/out.txt", "/out.txt /etc/marker",
                         "/data", "/opt", "/etc", "/", "/a/b/c", "/moved.txt", "/data/l", "/d?t?", "/from*", "out.txt", "/url", "/esc.txt /vars.txt", "/t", "/t/a", "/opt/t", "/proc", "/dev/null",
                         "/bin/sh", "/tmp", "/extra*", "/usr/../etc/marker", "/data/../out.txt", "$V1"))
        keep = self.chance(.3)
        flags = [f for f in (*flags, f"--from={name}") if keep or not f.startswith("--exclude")]
        return f"COPY {' '.join(flags)} {what} {r.choice((f'/from{self.count}/', '/out.txt' if what == '/out.txt' else '/data/', '/opt/'))}"

    def _copy_heredoc(self, keyword: str, flags: list[str]) -> str:
        r, w = self.rng, self.word()
        quoted = r.choice(("EOF", "'EOF'", '"EOF"'))
        body = f"{w} {r.choice(MODIFIERS)} \\$V0 '$V1' \"q\""
        return " ".join((keyword, *flags)) + " " + r.choice((
            f"<<{quoted} /{w}\n{body}\nEOF", f"<<-{quoted} /{w}\n\t{body}\n\t\tx\n\tEOF", f"<<{quoted} req.txt <<B /{w}/\n{body}\nEOF\nb $V0\nB",
            f"<<A <<{quoted} /{w}/\na\nA\n{body}\nEOF", f"<<{quoted} rel/\n{body}\n# not a comment\n\nEOF", f"<<{quoted} /opt/\nEOF"))

    # -- the rest ---------------------------------------------------------------------------------------------------

    def other(self) -> str:
        r, w = self.rng, self.word()
        m = r.choice(MODIFIERS)
        return r.choice((
            f"ENV V0={w}", f'ENV V0="a {w}" W{self.count}=${{V0:-dflt}}', f"ENV V1 {w}", "ENV D=/d", f"ENV V{r.randint(0, 3)}=$V1-${{A0%1*}}",
            f"ENV V1={m}", f"ENV V1 {m}  {w}", f"ARG A0={m}", f"LABEL l={m}", f"WORKDIR /m/{m}", f"ENV V2={m} V3={r.choice(MODIFIERS)}",
            f"ARG A0={w}", "ARG A0", f"ARG A1=${{A0:-{w}}} A2", "ARG TARGETARCH", "ARG G", f"LABEL l={w}", f"LABEL x=$V0 y='{w}'",
            f"WORKDIR /w/{w}", "WORKDIR rel", "WORKDIR /srv/x/", "WORKDIR /w/${A0:-none}", "WORKDIR /", "USER 0", "USER root", "USER 0:0",
            'WORKDIR "/w q"', "WORKDIR ..", "WORKDIR //opt", "WORKDIR /etc/", "USER ${U:-0}", "USER 0:5", "USER $U", "ARG S=req.txt T=xt M=600",
            f"EXPOSE {r.randint(80, 9000)}", "EXPOSE 443/udp 80-82", "EXPOSE $P 80", "VOLUME /data", 'VOLUME ["/v", "/w"]', "STOPSIGNAL SIGINT",
            f'CMD ["echo", "{w}"]', f"CMD echo {w}", f'ENTRYPOINT ["{w}"]', "HEALTHCHECK NONE", f"HEALTHCHECK --interval=5s CMD {w}",
            'SHELL ["/bin/sh", "-ec"]', 'SHELL ["/bin/sh", "-c"]', 'SHELL ["/bin/busybox", "sh", "-c"]', f"MAINTAINER {w}", f"# {w}", "ARG U=5",
            f"ONBUILD RUN echo {w} > /onb.txt", "ONBUILD COPY req.txt /onb/", f"ONBUILD ENV ONB={w}", "ONBUILD WORKDIR /onb", "ARG HTTP_PROXY",
            "ONBUILD ADD app /onb/", "ONBUILD COPY --from=0 /etc/marker /onb/", "ONBUILD RUN --mount=type=cache,target=/c echo x > /c/x",
            "ONBUILD COPY --from=other:1 /etc/marker /onb/", "ONBUILD ARG A0=trigger", "ONBUILD USER 0:7", "ONBUILD ENTRYPOINT [\"x\"]",
            "ONBUILD COPY <<EOF /onb/here\ntext $V0\nEOF", "ONBUILD RUN <<EOF\necho onb > /onb.h\nEOF", "ARG SOURCE_DATE_EPOCH",
            "ENV SOURCE_DATE_EPOCH=5", "ARG N=none", "ARG BUILDPLATFORM TARGETOS=linux", "WORKDIR /etc/marker.d", "ENV A0=env V9=nine",
            "HEALTHCHECK --start-interval=2s --retries=3 CMD [\"a\"]", "LABEL \"a b\"=c d='$V0'", "EXPOSE 80/tcp 80/udp 7000-7002/sctp", "ARG TARGETPLATFORM BUILDOS TARGETSTAGE", "ARG V0=shadow", "ARG BUILDKIT_INLINE_CACHE", "ENV PATH=/bin:/x"))
