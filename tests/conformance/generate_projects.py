"""What do the Dockerfiles of real projects look like? Stand-ins for them, with commands that need no network.

Each is a Dockerfile in the habits of one kind of public project (its order, its flags, its ways to spell things), and after
`---` its files, one a line: `path: text`, `path@755: text`, `path -> link target`, `path/` for an empty folder. Programs are
replaced by plain shell commands that read and write what the real ones do.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["BUILDKIT_ONLY", "PROJECTS", "project"]

Json = dict[str, Any]

PROJECTS: dict[str, str] = {
    "node, manifest first": r"""
FROM base:1
WORKDIR /usr/src/app
COPY package*.json ./
RUN mkdir -p node_modules && cat package.json package-lock.json > node_modules/.list
COPY . .
RUN mkdir -p dist && cat src/*.js > dist/app.js
ENV NODE_ENV=production PORT=3000
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=10s CMD wget -qO- http://localhost:3000/ || exit 1
CMD [ "node", "dist/app.js" ]
---
package.json: {"name": "a"}
package-lock.json: {"v": 1}
src/index.js: let a = 1
src/util.js: let b = 2
README.md: read me
.dockerignore: node_modules\nnpm-debug.log\n*.md\n
""",
    "node, own user": r"""
FROM base:1 AS builder
RUN echo 'node:x:1000:1000::/home/node:/bin/sh' >> /etc/passwd && echo 'node:x:1000:' >> /etc/group && \
    mkdir -p /home/node/app/node_modules && chown -R node:node /home/node/app
WORKDIR /home/node/app
COPY package.json yarn.lock* ./
USER node
RUN cat package.json > node_modules/.yarn
COPY --chown=node:node . .
RUN mkdir build && cat src/a.ts > build/a.js

FROM base:1
RUN echo 'node:x:1000:1000::/home/node:/bin/sh' >> /etc/passwd && echo 'node:x:1000:' >> /etc/group
WORKDIR /home/node/app
COPY package*.json ./
COPY --from=builder --chown=node:node /home/node/app/build ./build
COPY --from=builder /home/node/app/node_modules ./node_modules
USER node
ENTRYPOINT [ "yarn" ]
CMD [ "start" ]
---
package.json: {}
src/a.ts: const a = 1
src/b.ts: const b = 1
.gitignore: build
""",
    "three stages with a common base": r"""
FROM base:1 AS base
WORKDIR /app
ENV NODE_ENV=production

FROM base as deps
COPY package.json pnpm-lock.yaml* ./
RUN mkdir -p node_modules/x && cp package.json node_modules/x/

FROM base as builder
COPY --link --from=deps /app/node_modules ./node_modules
COPY . .
RUN mkdir -p .next public && cat pages/*.tsx > .next/build && echo same > .next/id

FROM base
COPY --link --from=builder /app/public ./public
COPY --link --from=builder /app/.next ./.next
COPY --link --from=builder /app/node_modules ./node_modules
COPY --link --from=builder /app/package.json ./package.json
EXPOSE 3000
CMD ["pnpm", "start"]
---
package.json: {}
pnpm-lock.yaml: lock
pages/index.tsx: <a/>
pages/about.tsx: <b/>
public/logo.svg: <svg/>
""",
    "development and production targets": r"""
ARG NODE_VERSION=1
FROM base:${NODE_VERSION} AS base
WORKDIR /usr/src/app

FROM base AS dev
EXPOSE 8080 9229
ENV NODE_ENV=development
RUN --mount=type=bind,source=package.json,target=package.json \
    --mount=type=bind,source=package-lock.json,target=package-lock.json \
    --mount=type=cache,target=/var/cache/npm \
    mkdir -p node_modules && cat package.json package-lock.json > node_modules/all
USER 1000
COPY . .

FROM base AS prod
ENV NODE_ENV=production
RUN --mount=type=bind,source=package.json,target=package.json \
    --mount=type=bind,source=package-lock.json,target=package-lock.json \
    --mount=type=cache,target=/var/cache/npm \
    mkdir -p node_modules && cat package.json > node_modules/prod
COPY . .
RUN ["cat", "index.mjs"]
---
package.json: {"d": 1}
package-lock.json: {"l": 1}
index.mjs: run()
test/a.test.mjs: test()
""",
    "go, static binary on scratch": r"""
FROM --platform=$BUILDPLATFORM base:1 AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod cat go.mod go.sum > /go.deps
COPY . .
ARG VERSION=dev
RUN --mount=type=cache,target=/var/cache/go-build \
    mkdir -p /out && cat cmd/*.go internal/*.go > /out/app && echo "${VERSION} $TARGETOS/$TARGETARCH" > /out/version

FROM scratch
COPY --from=build /etc/passwd /etc/passwd
COPY --from=build /out/app /app
USER 65534:65534
ENTRYPOINT ["/app"]
---
go.mod: module a
go.sum: sum
cmd/main.go: package main
internal/x.go: package x
internal/x_test.go: package x
.dockerignore: **/*_test.go\n.git\n
""",
    "go, source mounted, many targets": r"""
FROM base:1 AS build-env
WORKDIR /build
ENV CGO_ENABLED=0
RUN mkdir -p /go && echo make git > /go/tools

FROM build-env AS server-build
WORKDIR /source
RUN --mount=type=bind,source=.,target=.,readonly\
    --mount=type=cache,target=/var/cache/go-build \
    cat server/main.go common/*.go > /build/server
FROM build-env AS client-build
WORKDIR /source
RUN --mount=type=bind,target=. --mount=type=cache,target=/var/cache/go-build,sharing=locked \
    cat client/main.go common/*.go > /build/client

FROM base:1 AS server
COPY --from=server-build /build/server /usr/bin/server
CMD ["server"]

FROM server AS server-debug
WORKDIR /srv/server
COPY --from=build-env /go/tools .

FROM base:1 AS all
COPY --from=server-build /build/server /usr/bin/
COPY --from=client-build /build/client /usr/bin/
EXPOSE 8000
---
server/main.go: s
client/main.go: c
common/c.go: common
docs/a.md: words
""",
    "rust, dummy main for the dependencies": r"""
FROM base:1 AS chef
WORKDIR /app

FROM chef AS planner
COPY . .
RUN grep -v "^#" Cargo.toml > recipe.json

FROM chef AS builder
COPY --from=planner /app/recipe.json recipe.json
RUN mkdir -p target/release/deps && cp recipe.json target/release/deps/
COPY . .
RUN cat src/*.rs > target/release/app

FROM base:1 AS runtime
WORKDIR /app
COPY --from=builder /app/target/release/app /usr/local/bin
ENTRYPOINT ["/usr/local/bin/app"]
---
Cargo.toml: [package]\nname = "a"\n
Cargo.lock: lock
src/main.rs: fn main() {}
src/lib.rs: pub fn a() {}
.dockerignore: target/\nDockerfile\n
""",
    "rust, everything mounted": r"""
ARG RUST_VERSION=1
FROM base:${RUST_VERSION} AS build
WORKDIR /build
ENV DATABASE_URL="sqlite://./db/db.db"
RUN --mount=type=bind,source=src,target=src \
    --mount=type=bind,source=Cargo.toml,target=Cargo.toml \
    --mount=type=bind,source=assets,target=assets \
    --mount=type=cache,target=/app/target/ \
    --mount=type=cache,target=/usr/local/cargo/registry/ \
    cat src/main.rs Cargo.toml > /bin/rs
ARG UID=10001
RUN echo "appuser:x:${UID}:${UID}::/:/bin/sh" >> /etc/passwd && echo "appuser:x:${UID}:" >> /etc/group
USER appuser
WORKDIR /home/appuser
COPY --chown=appuser:appuser assets ./assets
COPY --chown=appuser:appuser migrations ./migrations

FROM base:1
COPY --from=build "/bin/rs" "/usr/local/bin/rs"
COPY --from=build --chmod=0755 /home/appuser/assets /srv/assets/
---
src/main.rs: fn main() {}
Cargo.toml: a
assets/a.css: css
assets/b.js: js
migrations/1.sql: select 1
""",
    "python, requirements": r"""
FROM base:1
ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=off \
    PATH="/venv/bin:$PATH"
WORKDIR /code
ADD requirements.txt /code/
RUN set -ex; \
    mkdir -p /venv/lib; \
    # one line for each package
    cat requirements.txt > /venv/lib/packages
ADD . /code/
RUN chmod +x ./entrypoint.sh && sed -i 's/\r$//g' ./entrypoint.sh
LABEL maintainer    = "someone"
VOLUME ["/data"]
ENTRYPOINT ["./entrypoint.sh"]
---
requirements.txt: flask\n
entrypoint.sh: #!/bin/sh\nexec "$@"\n
app/main.py: print(1)
app/__init__.py:
tests/test_a.py: assert 1
.env: A=1
""",
    "python, uv with binds": r"""
FROM base:1 AS builder
COPY --from=other:1 /etc/marker /bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /app
RUN --mount=type=cache,target=/var/cache/uv \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    mkdir -p .venv && cat uv.lock > .venv/deps
COPY . /app
RUN --mount=type=cache,target=/var/cache/uv cat src/*.py > .venv/app

FROM base:1
RUN echo 'app:x:100:101::/:/bin/sh' >> /etc/passwd && echo 'app:x:101:' >> /etc/group
COPY --from=builder --chown=app:app /app /app
ENV PATH="/app/.venv/bin:$PATH"
USER app
WORKDIR /app
CMD ["fastapi", "run"]
---
pyproject.toml: [project]
uv.lock: lock
src/a.py: a = 1
src/b.py: b = 1
README.md: words
""",
    "java, wrapper and layers": r"""
FROM base:1 AS dependencies
WORKDIR /workspace
COPY --chmod=0755 mvnw mvnw
COPY .mvn/ .mvn/
RUN --mount=type=bind,source=pom.xml,target=pom.xml \
    --mount=type=cache,target=/var/cache/m2 \
    mkdir -p lib && cat pom.xml > lib/deps.jar

FROM dependencies AS builder
WORKDIR /workspace
COPY ./src src/
RUN mkdir -p target && cat src/main/*.java > target/app.jar

FROM builder AS extract
WORKDIR /workspace
RUN mkdir -p target/extracted/app target/extracted/deps && cp target/app.jar target/extracted/app/ && cp lib/deps.jar target/extracted/deps/

FROM base:1 AS final
WORKDIR /application
COPY --from=extract /workspace/target/extracted/deps/ ./
COPY --from=extract /workspace/target/extracted/app/ ./
ENTRYPOINT ["java", "-jar", "app.jar"]
---
mvnw: #!/bin/sh\n
.mvn/wrapper.properties: url=1
pom.xml: <project/>
src/main/A.java: class A {}
src/test/ATest.java: class ATest {}
""",
    "dotnet, project files one by one": r"""
FROM base:1 AS base
WORKDIR /app
EXPOSE 80

FROM base:1 AS build
WORKDIR /src
COPY ["Web/Web.csproj", "Web/"]
COPY ["Core/Core.csproj", "Core/"]
RUN cat Web/Web.csproj Core/Core.csproj > /src/restored
COPY . .
WORKDIR "/src/Web"
RUN mkdir -p /app/build && cat *.cs ../Core/*.cs > /app/build/Web.dll

FROM build AS publish
ARG BUILD_CONFIGURATION=Release
RUN mkdir -p /app/publish && cp /app/build/Web.dll /app/publish/ && echo $BUILD_CONFIGURATION > /app/publish/conf

FROM base AS final
WORKDIR /app
COPY --from=publish /app/publish .
ENTRYPOINT ["dotnet", "Web.dll"]
---
Web/Web.csproj: <Project/>
Web/Program.cs: class P {}
Core/Core.csproj: <Project/>
Core/Core.cs: class C {}
.dockerignore: **/bin\n**/obj\n!**/.gitignore\n
""",
    "php, composer and a web server": r"""
FROM other:1 AS composer
FROM base:1 AS vendor
COPY --from=composer /etc/marker /usr/bin/composer
WORKDIR /tools/phar
COPY tools/phar/composer.* .
RUN cat composer.json > vendor.list
WORKDIR /app
COPY composer.* ./
RUN mkdir -p vendor && cat composer.json composer.lock > vendor/autoload.php
COPY . ./

FROM base:1 AS assets
WORKDIR /app
COPY resources ./resources
RUN mkdir -p public/build && cat resources/css/*.css > public/build/app.css

FROM base:1
WORKDIR /var/www/html
COPY --from=vendor /app .
COPY --from=assets /app/public/build ./public/build
COPY docker/php.ini /usr/local/etc/php/conf.d/
RUN chown -R 33:33 /var/www/html
USER 33
STOPSIGNAL SIGQUIT
---
composer.json: {}
composer.lock: {}
tools/phar/composer.json: {}
resources/css/a.css: a{}
public/index.php: <?php
docker/php.ini: memory=1
artisan: #!/usr/bin/env php
""",
    "ruby, build and runtime": r"""
FROM base:1 AS base
WORKDIR /rails
ENV RAILS_ENV="production" \
    BUNDLE_PATH="/usr/local/bundle"

FROM base AS build
RUN echo build-essential git > /var.packages
COPY Gemfile Gemfile.lock ./
RUN mkdir -p "${BUNDLE_PATH}" && cat Gemfile.lock > "${BUNDLE_PATH}"/gems && \
    rm -rf ~/.bundle/ "${BUNDLE_PATH}"/ruby/*/cache
COPY . .
RUN cat app/*.rb > tmp.bootsnap
RUN SECRET_KEY_BASE_DUMMY=1 ; mkdir -p public/assets && cat app/assets/* > public/assets/all.css

FROM base
COPY --from=build "${BUNDLE_PATH}" "${BUNDLE_PATH}"
COPY --from=build /rails /rails
RUN echo 'rails:x:1000:1000::/rails:/bin/sh' >> /etc/passwd && echo 'rails:x:1000:' >> /etc/group && \
    mkdir -p db log storage tmp && chown -R rails:rails db log storage tmp
USER 1000:1000
ENTRYPOINT ["/rails/bin/entrypoint"]
EXPOSE 3000
CMD ["./bin/server"]
---
Gemfile: gem "rails"
Gemfile.lock: rails 7
app/a.rb: class A; end
app/assets/a.css: a{}
bin/entrypoint@755: #!/bin/sh\n
log/
storage/
config/master.key: secret
.dockerignore: /log/*\n/config/master.key\n!/log/.keep\n
""",
    "static site": r"""
FROM base:1 AS build
WORKDIR /site
COPY config.toml .
COPY content content
COPY static ./static/
RUN mkdir public && cat content/*.md > public/index.html && cp -r static/. public/

FROM base:1
RUN rm -rf /usr/share/nginx/html/* && mkdir -p /usr/share/nginx/html
COPY nginx.conf /etc/nginx/conf.d/default.conf
COPY --from=build /site/public/ /usr/share/nginx/html/
EXPOSE 80
CMD ["nginx", "-g", "daemon off;"]
---
config.toml: title=1
content/a.md: a
content/b.md: b
static/img/a.png: png
static/empty/
nginx.conf: server {}
""",
    "overlay of a root folder": r"""
FROM base:1
ARG BUILD_DATE
ARG VERSION
LABEL build_version="version:- ${VERSION} Build-date:- ${BUILD_DATE}"
ENV HOME="/config"
RUN \
  echo "**** install ****" && \
  mkdir -p /app /config && \
  if [ -z ${VERSION+x} ]; then \
    VERSION=1; \
  fi && \
  echo $VERSION > /app/version && \
  rm -rf \
    /tmp/*
# add local files
COPY root/ /
RUN chmod -R +x /etc/cont-init.d
EXPOSE 8443
VOLUME /config
---
root/etc/cont-init.d/10-start: start
root/etc/passwd.d/x: x
root/defaults/a.conf: a
root/usr/bin/
""",
    "entry points and folders of scripts": r"""
FROM base:1
COPY /entrypoint.sh /
COPY /entrypoint.d/* /entrypoint.d/
COPY conf/*.conf conf/extra /etc/app/
COPY bin/tool /usr/local/bin/
RUN ln -s /usr/local/bin/tool /tool && chmod 755 /entrypoint.sh
WORKDIR /
COPY --chmod=755 scripts/ /scripts
COPY link-to-conf /conf
ONBUILD COPY /entrypoint.d/* /entrypoint.d/
ENTRYPOINT ["/entrypoint.sh"]
---
entrypoint.sh: #!/bin/sh\n
entrypoint.d/10-a: a
entrypoint.d/20-b: b
conf/a.conf: a
conf/extra/b.conf: b
bin/tool@755: tool
scripts/x.sh: x
link-to-conf -> conf
""",
    "template with triggers": r"""
FROM base:1 AS template
ENV MIGRATIONS=file://migrations
ONBUILD ARG APP_NAME=app
ONBUILD ENV APP_NAME=$APP_NAME
ONBUILD WORKDIR /srv/$APP_NAME
ONBUILD COPY requirements.txt ./
ONBUILD RUN if [ -s requirements.txt ]; then cat requirements.txt > deps; fi
ONBUILD COPY . .
ONBUILD VOLUME ["/srv/data"]
ONBUILD USER 1000

FROM template AS service
RUN echo service > /tmp/service
EXPOSE 80

FROM template
ARG APP_NAME
USER root
RUN echo "$APP_NAME" > /tmp/name
CMD ["run"]
---
requirements.txt: a
main.py: main
lib/x.py: x
""",
    "scripts in heredocs": r"""
FROM base:1
SHELL ["/bin/sh", "-o", "pipefail", "-e", "-c"]
ARG UID=1000
ARG GID=1000
RUN <<EOF
  mkdir -p /opt/app
  echo tools > /opt/app/tools
EOF
COPY <<'EOF' /opt/app/config.toml
[control]
state = '/mnt/$NAME'
EOF
COPY --chown=${UID}:${GID} ./pyproject.toml ./lock.* /opt/app/
RUN --mount=type=secret,id=tok,env=TOK \
    <<EOF
#!/bin/sh
set -eu
cat /opt/app/pyproject.toml > /opt/app/deps
EOF
COPY <<-EOT /usr/local/bin/start
	#!/bin/sh
	exec app --uid ${UID}
EOT
RUN chmod +x /usr/local/bin/start
COPY src /opt/app/src
---
pyproject.toml: [project]
lock.txt: lock
src/a.py: a
src/deep/b.py: b
""",
    "downloads with sums": r"""
FROM scratch AS downloads
ADD http://127.0.0.1:18999/v1/driver /driver
ADD --checksum=sha256:SUM(fs) http://127.0.0.1:18999/v2/fs /fs

FROM base:1 AS kernel
WORKDIR /src
RUN --mount=type=bind,from=downloads,target=/downloads \
    --mount=type=bind,source=scripts/build.sh,target=/scripts/build.sh \
    --mount=type=secret,id=tok \
    sh /scripts/build.sh /downloads
COPY extension/manifest.yaml /extension/manifest.yaml

FROM scratch
COPY --link --from=kernel /extension/ /
COPY --link notes.json /usr/share/doc/notes.json
---
scripts/build.sh: mkdir -p /extension && cat $1/driver $1/fs > /extension/module\n
extension/manifest.yaml: a: 1
notes.json: {}
""",
    "tests beside the image": r"""
FROM base:1 AS base
WORKDIR /app
COPY requirements/ requirements/
RUN cat requirements/base.txt > /deps

FROM base AS lint
RUN cat requirements/dev.txt > /lint.deps
COPY . .
RUN grep -c . app/*.py > /lint.ok

FROM base AS test
COPY --from=lint /lint.ok /
COPY app app
COPY tests tests
RUN cat app/*.py tests/*.py > /test.log

FROM base AS release
COPY --from=test /test.log /dev.log
COPY app app
ARG GIT_SHA=none
LABEL org.opencontainers.image.revision=$GIT_SHA
ENV GIT_SHA=${GIT_SHA}
RUN echo done > /released
---
requirements/base.txt: a
requirements/dev.txt: b
app/a.py: a
app/b.py: b
tests/t.py: t
""",
    "monorepo with a chain of copies": r"""
FROM base:1 AS pruner
WORKDIR /repo
COPY . .
RUN mkdir -p out/json/web out/json/api out/full && cp packages/web/package.json out/json/web/ && \
    cp packages/api/package.json out/json/api/ && cp -r packages out/full/

FROM base:1 AS installer
WORKDIR /repo
COPY --from=pruner /repo/out/json/ .
RUN cat web/package.json api/package.json > installed

FROM installer AS builder
COPY --from=pruner /repo/out/full/ .
RUN mkdir -p dist && cat packages/web/src/* > dist/web && cat packages/api/src/* > dist/api

FROM base:1 AS web
COPY --from=builder /repo/dist/web /web
FROM base:1 AS api
COPY --from=builder /repo/dist/api /api
COPY --from=web /web /static
CMD ["/api"]
---
packages/web/package.json: {"w": 1}
packages/web/src/a.ts: a
packages/api/package.json: {"a": 1}
packages/api/src/b.ts: b
turbo.json: {}
""",
    "library folders on what is there": r"""
FROM base:1 AS lib
RUN mkdir -p /usr/local/lib/x /usr/local/share && echo lib > /usr/local/lib/x/a && echo man > /usr/local/share/man
COPY empty /usr/bin
COPY empty /new
FROM base:1
COPY --from=lib /usr/local /usr/local
COPY --from=lib /usr/bin /usr/bin
COPY --from=lib /new /etc
COPY empty/ /usr/local/bin/
COPY more /usr
RUN ls -la /usr > /listing
COPY --from=lib /usr/local/share/man /usr/share/man/
---
empty/
more/local/share/doc: doc
more/bin/
""",
    "archives": r"""
FROM base:1 AS unpack
ADD pack.tar /opt/
ADD --chown=5:6 pack.tar more.txt /srv/
COPY pack.tar /archives/
RUN tar -xf /archives/pack.tar -C /mnt || mkdir -p /mnt
FROM scratch
COPY --from=unpack /opt/t /opt/t
ADD pack.tar /
COPY --from=unpack /srv/more.txt /opt/t/
---
pack.tar: TAR
more.txt: more
""",
    "frozen order, many small copies": r"""
FROM base:1
WORKDIR /app/
COPY a.conf /etc/a.conf
COPY b.conf /etc/
COPY c.conf ./etc/
COPY a.conf b.conf c.conf all/
COPY d d
COPY ./d/. e/
COPY d/*.txt d/sub ./f/
RUN cat all/* > /all
WORKDIR sub
COPY ./ .
WORKDIR ../other
COPY --chown=1:2 d/sub .
USER 1
RUN id -u > /tmp/id
---
a.conf: a
b.conf: b
c.conf: c
d/x.txt: x
d/y.txt: y
d/sub/z: z
""",
    "variables everywhere": r"""
ARG BASE=base
ARG TAG=1
ARG PREFIX=/opt
FROM ${BASE}:${TAG} AS first
ARG PREFIX
ARG NAME=app CONFIG=${PREFIX}/etc
ENV APP_HOME=${PREFIX:-/srv}/$NAME \
    CONF="$CONFIG" EMPTY=
WORKDIR ${APP_HOME}
COPY ${NAME}.txt ${CONFIG}/
COPY $NAME/ ./
ENV PATH=$APP_HOME/bin:$PATH NAME=${NAME}-env
RUN echo "$NAME $CONF" > name
FROM ${BASE}:${TAG}
ARG NAME
ARG PREFIX=/usr/local
COPY --from=first ${PREFIX%/local}/bin/.. /copied/
COPY --from=first /opt/app/name ${NAME:-none}/
LABEL a=${NAME:+set} b="$PREFIX"
USER ${UNSET:-0}
RUN env | sort > /env
---
app.txt: text
app/main: main
app/bin/tool@755: tool
""",
    "a builder for each tool": r"""
FROM base:1 AS a
RUN mkdir -p /out/bin /out/share && echo a > /out/bin/a && echo doc > /out/share/doc
FROM base:1 AS b
COPY tool-b /src
RUN mkdir -p /out/bin && cat /src/* > /out/bin/b
FROM base:1 AS c
COPY --from=a /out/share /out/share
RUN echo c >> /out/share/doc && mkdir -p /out/bin && echo c > /out/bin/c

FROM base:1 AS tools
COPY --from=a /out/ /
COPY --from=b /out/ /
COPY --from=c /out/ /
RUN cat /bin/a /bin/b /bin/c /share/doc > /all

FROM base:1
COPY --from=tools /share /bin/b /usr/
COPY --from=a --chown=1:1 /out/bin /a/
COPY --from=tools --chmod=700 /all /
---
tool-b/x: x
tool-b/y: y
""",
    "writers of one folder": r"""
FROM base:1 AS w
COPY one /in/one
RUN mkdir -p /data && cp /in/one /data/one
COPY two /in/two
RUN cp /in/two /data/two; echo log >> /data/log
RUN rm -rf /in
COPY three /data/three
FROM base:1 AS m
COPY --from=w /data /m
COPY --from=w /data/one /data/three /n/
RUN --mount=from=w,source=/data,target=/d,rw cat /d/two > /two && echo x > /d/new
FROM base:1
COPY --from=m /m/log /m/two /z/
COPY --from=m /two /z2
---
one: 1
two: 2
three: 3
""",
    "links": r"""
FROM base:1 AS l
COPY current /app
COPY current/ /app2/
COPY lib/so lib/so.1 /usr/lib/
COPY etc /etc
RUN ln -s /app/main /start && ln -sf ../data /app/data && mkdir -p /data && echo d > /data/d
WORKDIR /app/data
COPY two/main .
FROM base:1
COPY --from=l /start /start
COPY --from=l /app /app
COPY --from=l /app/data /d2
COPY --from=l /usr/lib /usr/lib
COPY --link current/main /etc/link/
---
releases/1/main: one
two/main: two
current -> releases/1
lib/so.1: elf
lib/so -> so.1
etc/app.conf -> /data/app.conf
""",
    "names that need care": r"""
FROM base:1
COPY ["with space/a b.txt", "with space/c", "/dst dir/"]
COPY "od"d/semi* /q/
COPY odd/[[]x].txt /odd/
COPY odd/per%cent odd/semi;colon odd/ünï.txt odd/a'b /odd2/
COPY odd /odd3
COPY .hidden .hidden.d /h/
COPY --exclude=per* --exclude=**/ün* odd /odd4/
WORKDIR /w\ space
RUN echo x > y
COPY c,omma=1 "#hash" /c/
---
with space/a b.txt: ab
with space/c: c
odd/[x].txt: x
odd/per%cent: p
odd/semi;colon: s
odd/ünï.txt: u
odd/a'b: q
.hidden: h
.hidden.d/x: x
c,omma=1: c
#hash: h
""",
    "everything excluded but": r"""
FROM base:1 AS src
COPY . /src
COPY --exclude=*.md --exclude=**/test_* --exclude=docs . /app
FROM base:1
COPY --from=src --exclude=**/*.pyc /src /all
COPY --from=src --exclude=* --exclude=!keep /src /kept/
COPY --link --exclude=pkg/sub pkg /pkg
RUN --mount=type=bind,source=pkg,target=/p cat /p/a.py > /a
---
pkg/a.py: a
pkg/sub/b.py: b
pkg/test_a.py: t
docs/d.md: d
keep: k
x.pyc: x
other/y.pyc: y
.dockerignore: *\n!pkg\n!docs/*.md\n!keep\n!x.pyc\npkg/sub/*\n!pkg/sub/b.py\n
""",
    "cache mounts that hold the work": r"""
FROM base:1 AS deps
WORKDIR /w
COPY lock ./
RUN --mount=type=cache,id=store,target=/store,sharing=locked cat lock > /store/pkg && cp /store/pkg ./modules
FROM base:1 AS build
WORKDIR /w
COPY --from=deps /w/modules ./modules
RUN --mount=type=cache,id=store,target=/store,ro \
    --mount=type=cache,target=/tmp/c,from=deps,source=/w \
    --mount=type=tmpfs,target=/run \
    --mount=type=bind,from=deps,source=/w/lock,target=/l \
    cat /l modules > built
COPY --from=other:1 /etc /e
FROM base:1
COPY --from=build /w/built /built
RUN --mount=from=build,target=/b --mount=from=other:1,source=/etc,target=/oe cat /b/w/built > /again
---
lock: l
src: s
""",
    "reproducible": r"""
ARG SOURCE_DATE_EPOCH
FROM base:1 AS b
ARG SOURCE_DATE_EPOCH
WORKDIR /b
COPY . .
RUN cat a > out
FROM base:1
WORKDIR /c
COPY --from=b /b/out .
RUN cat out
WORKDIR /c/d
COPY a .
---
a: a
b: b
""",
}

# the classic builder refuses or ignores these: such a project is for BuildKit
BUILDKIT_ONLY = re.compile(r"--mount|--chmod|--link|--exclude|--checksum|<<|\$BUILDPLATFORM|TARGETARCH|http://127|^COPY --from=other")


def project(name: str) -> tuple[list[str], list[list[str]], Json]:
    """The lines before the first FROM, the stages (a list of instructions each, as written), and the files.

    A file's text `TAR` stands for an archive; the caller replaces it.
    """
    text, _, listing = PROJECTS[name].lstrip("\n").partition("---\n")
    head: list[str] = []
    stages: list[list[str]] = []
    for instruction in _instructions(text):
        if instruction.upper().startswith("FROM "):
            stages.append([instruction])
        else:
            (stages[-1] if stages else head).append(instruction)
    files: Json = {}
    for line in listing.splitlines():
        path, arrow, target = line.partition(" -> ")
        if arrow:
            files[path] = {"symlink": target}
        elif line.endswith("/"):
            files[line.rstrip("/")] = {"dir": True}
        else:
            path, _, body = line.partition(":")
            path, _, mode = path.partition("@")
            files[path] = {"text": body.removeprefix(" ").replace("\\n", "\n"), **({"mode": mode} if mode else {})}
    return head, stages, files


def _instructions(text: str) -> list[str]:
    """Cut the text where an instruction begins; continuations and the bodies of heredocs stay with theirs."""
    found: list[str] = []
    lines = iter(text.splitlines())
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        whole = [line]
        while whole[-1].endswith("\\") or whole[-1].lstrip().startswith("#"):
            whole.append(next(lines))
        for word in re.findall(r"<<-?['\"]?(\w+)", "\n".join(whole)):
            for line in lines:
                whole.append(line)
                if line.lstrip("\t") == word:
                    break
        found.append("\n".join(whole))
    return found
